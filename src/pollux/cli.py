"""The command line: a thin voice over the site. Every verb imports what it needs when it runs."""

import argparse
import json
import sys
from collections.abc import Callable, Sequence
from importlib import import_module
from pathlib import Path
from typing import Any

from pollux._version import __version__
from pollux.errors import PolluxError, SetupError

Verb = Callable[[argparse.Namespace], int]
LEVELS = ("debug", "info", "warning", "error")


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one verb; 0 on success, 2 on wrong use, 1 on failure with one clear message on stderr."""
    options = command_line().parse_args(arguments)
    try:
        return int(options.run(options))
    except PolluxError as error:
        print(f"pollux: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 130
    except BrokenPipeError:
        return 1


def command_line() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="pollux", description="Live digital twins.")
    parser.add_argument("--version", action="version", version=f"pollux {__version__}")
    parser.add_argument("--log-level", choices=LEVELS, default="warning", help="how much is said on stderr")
    verbs = parser.add_subparsers(metavar="VERB", required=True)
    for add in (
        _demo, _new, _serve, _edge, _token, _identity, _survey, _trace, _verify, _replay, _map, _export, _warm, _bench,
        _data, _fmu,
    ):  # fmt: skip
        add(verbs)
    return parser


def _verb(verbs: Any, name: str, run: Verb, about: str, example: str) -> argparse.ArgumentParser:
    verb: argparse.ArgumentParser = verbs.add_parser(
        name,
        help=about,
        description=about[0].upper() + about[1:] + ".",
        epilog=f"example: {example}",
    )
    verb.set_defaults(run=run)
    return verb


def _demo(verbs: Any) -> None:
    verb = _verb(verbs, "demo", demo, "run a world", "pollux demo heart --fast")
    verb.add_argument("world", nargs="?", default="heart", metavar="WORLD", help="which world (default: heart)")
    verb.add_argument("--list", action="store_true", help="list the worlds")
    verb.add_argument("--fast", action="store_true", help="its whole story in simulated time, without a page")
    verb.add_argument("--record", action="store_true", help="replay a real recording instead of an emulated thing")
    verb.add_argument("--port", type=int, default=8080, metavar="N", help="the page's port; a free one if it is taken")
    verb.add_argument("--day", type=float, default=60.0, metavar="S", help="seconds that a day takes (default: 60)")
    verb.add_argument("--seconds", type=float, metavar="S", help="end by itself after so many seconds")


def demo(options: argparse.Namespace) -> int:
    """Run a world, or list them."""
    worlds = import_module("pollux.worlds").WORLDS
    if options.list:
        for name, (about, _) in worlds.items():
            print(f"{name:12} {about}")
        return 0
    if options.world not in worlds:
        raise SetupError(f"no world {options.world!r}", hint=f"there are {', '.join(worlds)}")
    return int(import_module(worlds[options.world][1]).run(options))


def _new(verbs: Any) -> None:
    verb = _verb(verbs, "new", new, "make a starter site: a type, an emulated device, a README", "pollux new boiler")
    verb.add_argument("folder", type=Path, metavar="DIR")


def new(options: argparse.Namespace) -> int:
    """Write a starter site into a new folder."""
    written = import_module("pollux.site.starter").write(options.folder)
    print(f"wrote {', '.join(written)} to {options.folder}; read {options.folder / 'README.md'}")
    return 0


def _serve(verbs: Any) -> None:
    verb = _verb(verbs, "serve", serve, "run a site", "pollux serve boiler/site.py --data boiler/data --insecure")
    verb.add_argument("site", type=Path, metavar="SITE.py")
    verb.add_argument("--data", type=Path, required=True, metavar="DIR", help="where the log and all else is kept")
    verb.add_argument(
        "--http", default="127.0.0.1:8080", metavar="HOST:PORT", help="page and API (default: %(default)s)"
    )
    verb.add_argument("--mqtt", metavar="HOST:PORT", help="devices (default: 127.0.0.1:1883, with TLS 8883)")
    verb.add_argument("--coap", metavar="HOST:PORT", help="devices that speak CoAP (default: none; usual: port 5683)")
    verb.add_argument("--opcua", metavar="HOST:PORT", help="show twins over OPC UA (default: none; usual: port 4840)")
    verb.add_argument("--tls", nargs="?", const="", metavar="DIR",
                      help="speak TLS, with the authority in DIR (default: identity/ of the data folder)")  # fmt: skip
    verb.add_argument("--tls-1.2", dest="older", action="append", default=[], choices=("mqtt", "http"),
                      help="let this listener speak TLS 1.2 too")  # fmt: skip
    verb.add_argument(
        "--insecure", action="store_true", help="devices on loopback may connect by name, without a token"
    )
    verb.add_argument("--act", action="store_true", help="orders may leave; without it nothing that can act is built")
    verb.add_argument("--seconds", type=float, metavar="S", help="end by itself after so many seconds")


def serve(options: argparse.Namespace) -> int:
    """Run a site until it is told to stop."""
    return int(import_module("pollux.site.serve").run(options))


def _edge(verbs: Any) -> None:
    verb = _verb(verbs, "edge", edge, "run the agent beside a device: sample, summarise, keep, forward",
                 "pollux edge pump/edge.py --data /var/lib/pollux-edge")  # fmt: skip
    verb.add_argument("edge", type=Path, metavar="EDGE.py")
    verb.add_argument("--data", type=Path, required=True, metavar="DIR", help="where raw samples and messages are kept")
    verb.add_argument("--seconds", type=float, metavar="S", help="end by itself after so many seconds")


def edge(options: argparse.Namespace) -> int:
    """Run an edge agent until it is told to stop."""
    return int(import_module("pollux.edge.run").run(options))


def _token(verbs: Any) -> None:
    verb = _verb(verbs, "token", token, "tokens and accounts for people, services and devices",
                 "pollux token add boiler/data anna --role operator")  # fmt: skip
    verb.add_argument("action", choices=("add", "list", "revoke", "person"))
    verb.add_argument("data", type=Path, metavar="DIR")
    verb.add_argument("name", nargs="?", metavar="NAME")
    verb.add_argument("--kind", choices=("device", "service", "person"), default="service")
    verb.add_argument("--role", action="append", default=[], metavar="ROLE")
    verb.add_argument(
        "--twin", metavar="TYPE/ID", help="the twin that a device speaks for, or whose person an app is of"
    )
    verb.add_argument("--json", action="store_true")


def token(options: argparse.Namespace) -> int:
    """Add, list or revoke tokens; a token is shown once."""
    return int(import_module("pollux.site.accounts").run(options))


def _identity(verbs: Any) -> None:
    verb = _verb(verbs, "identity", identity, "the site's own certificate authority",
                 "pollux identity issue boiler/data P-7 --out P-7")  # fmt: skip
    verb.add_argument(
        "action",
        choices=(
            "init",
            "server",
            "issue",
            "renew",
            "revoke",
            "list",
            "renew-root",
            "renew-issuer",
            "revoke-issuer",
            "code",
            "enrol",
            "seal",
            "end-seal",
            "order-key",
        ),
        help="make the authority; make the listeners' certificate; give a device one, or a further one; end it; "
        "list; renew the root's revocation list; let another issuer follow; end an issuer with all that it has "
        "issued; a code with which a device enrols once; enrol, on the device; a key with which a device seals what it "
        "tells; the end of one; the public key with which devices check orders",
    )
    verb.add_argument("data", metavar="DIR", help="the data folder; for enrol the site's https://HOST:PORT")
    verb.add_argument("name", nargs="?", metavar="NAME",
                      help="of the account; for revoke and revoke-issuer a serial number, for end-seal a key's id, "
                      "for enrol the code")  # fmt: skip
    verb.add_argument("--root", type=Path, metavar="FILE", help="the root's key, encrypted: keep it elsewhere")
    verb.add_argument("--title", metavar="TEXT", help="what the authority is called (default: the folder's name)")
    verb.add_argument("--host", action="append", metavar="HOST", help="a name or address that the site is reached by")
    verb.add_argument("--csr", type=Path, metavar="FILE", help="a signing request; default: a key is made")
    verb.add_argument("--out", type=Path, metavar="PATH",
                      help="the folder, for seal and order-key the file, where it is written")  # fmt: skip
    verb.add_argument("--twins", action="append", metavar="TYPE/ID",
                      help="for seal: whom the key speaks for (default: the account's twins, or */NAME)")  # fmt: skip
    verb.add_argument("--only", action="store_true", help="for seal: end the device's earlier keys")
    verb.add_argument("--json", action="store_true")


def identity(options: argparse.Namespace) -> int:
    """Make the authority, issue, list and revoke."""
    return int(import_module("pollux.site.identity").run(options))


def _trace(verbs: Any) -> None:
    verb = _verb(
        verbs,
        "trace",
        trace,
        "why the data of a device do or do not arrive: who it is, connection, newest bytes, mapping, quality, delays; "
        "asks a running site, with an administrator's token in POLLUX_TOKEN",
        "pollux trace P-7",
    )
    verb.add_argument("device", metavar="DEVICE", help="the name of its account, or the id of its twin")
    verb.add_argument("--url", default="http://127.0.0.1:8080", metavar="URL", help="where the site is")
    verb.add_argument("--authority", type=Path, metavar="FILE", help="the certificate of the site's own authority")
    verb.add_argument("--json", action="store_true")


def trace(options: argparse.Namespace) -> int:
    """Follow one device's data."""
    return int(import_module("pollux.site.tracing").run(options))


def _survey(verbs: Any) -> None:
    verb = _verb(
        verbs,
        "survey",
        survey,
        "look at what is there before it is connected, and write a report and a draft to edit; it publishes and writes "
        "nothing, and reads nothing that was not named",
        "pollux survey mqtt://127.0.0.1 --for '2 min' --out found",
    )
    verb.add_argument("what", metavar="WHAT",
                      help="mqtt://HOST, mqtts://HOST, opc.tcp://HOST:PORT, 'tcp://HOST?unit=3&registers=0-120' "
                      "(Modbus), mdns: or file:CAPTURE, lines of mosquitto_sub")  # fmt: skip
    verb.add_argument("--for", dest="seconds", default="1 min", metavar="DURATION",
                      help="how long to listen (default: %(default)s); Ctrl-C ends it, and is no loss")  # fmt: skip
    verb.add_argument("--out", type=Path, default=Path("survey"), metavar="DIR",
                      help="where survey.md, survey.json and the draft site.py go (default: %(default)s)")  # fmt: skip
    verb.add_argument("--topics", action="append", metavar="FILTER", help="of a broker (default: #, which is not $SYS)")
    verb.add_argument("--user", metavar="NAME")
    verb.add_argument("--password-file", type=Path, metavar="FILE")
    verb.add_argument("--password-env", metavar="NAME", help="the environment variable that holds the password")
    verb.add_argument("--authority", type=Path, metavar="FILE", help="the certificate of who issued the server's")
    verb.add_argument("--certificate", type=Path, metavar="FILE", help="what is shown of oneself")
    verb.add_argument("--key", type=Path, metavar="FILE")
    verb.add_argument(
        "--plain", action="store_true", help="mqtt:// beyond this machine, which anybody on the way reads"
    )
    verb.add_argument("--pin", metavar="SHA256", help="the fingerprint of an OPC UA server's certificate")
    verb.add_argument("--anonymous", action="store_true", help="browse an OPC UA server as anybody")
    verb.add_argument("--ask", action="store_true", help="mdns: ask once which services are there")
    verb.add_argument(
        "--no-samples", dest="samples", action="store_false", help="no excerpts of payloads in the report"
    )
    verb.add_argument("--json", action="store_true", help="print what was found as JSON")


def survey(options: argparse.Namespace) -> int:
    """Look at what is there, and write what was found."""
    return int(import_module("pollux.site.survey.run").run(options))


def _verify(verbs: Any) -> None:
    verb = _verb(
        verbs, "verify", verify, "check log and snapshots, and name the first fault", "pollux verify boiler/data"
    )
    verb.add_argument("data", type=Path, metavar="DIR")
    verb.add_argument("--json", action="store_true")


def verify(options: argparse.Namespace) -> int:
    """Check every byte that was acknowledged."""
    return int(import_module("pollux.site.verify").run(options))


def _replay(verbs: Any) -> None:
    verb = _verb(verbs, "replay", replay, "run history again", "pollux replay boiler/site.py --data boiler/data")
    verb.add_argument("site", type=Path, metavar="SITE.py")
    verb.add_argument("--data", type=Path, required=True, metavar="DIR")
    verb.add_argument("--from", dest="start", metavar="TIME", help="ISO 8601; default: the beginning")
    verb.add_argument("--to", dest="end", metavar="TIME", help="ISO 8601; default: the end")
    verb.add_argument(
        "--speed", type=float, metavar="X", help="so many times faster than it happened; default: at once"
    )
    verb.add_argument("--json", action="store_true")


def replay(options: argparse.Namespace) -> int:
    """Print how a stretch of the past went."""
    return int(import_module("pollux.site.replay").run(options))


def _map(verbs: Any) -> None:
    verb = _verb(verbs, "map", map_, "try the mappings of a site on sample messages; nothing is opened or written",
                 "pollux map boiler/site.py --sample heard.txt")  # fmt: skip
    verb.add_argument("site", type=Path, metavar="SITE.py")
    verb.add_argument("--sample", required=True, metavar="FILE",
                      help='lines of {"topic", "payload"}, or of mosquitto_sub -v; - for standard input')  # fmt: skip
    verb.add_argument("--json", action="store_true", help="one document a message, and a summary")


def map_(options: argparse.Namespace) -> int:
    """Print what would arrive where, or why it would be refused."""
    return int(import_module("pollux.site.mapped").run(options))


def _export(verbs: Any) -> None:
    verb = _verb(verbs, "export", export, "write a type of a site as an FMU that runs in other tools",
                 "pollux export boiler/site.py Boiler --to boiler.fmu")  # fmt: skip
    verb.add_argument("site", type=Path, metavar="SITE.py")
    verb.add_argument("type", metavar="TYPE")
    verb.add_argument("--to", type=Path, required=True, metavar="FILE.fmu")
    verb.add_argument("--fmi", type=int, choices=(2, 3), default=3, help="version of the standard (default: 3)")
    verb.add_argument("--kind", choices=("both", "co-simulation", "model-exchange"), default="both")
    verb.add_argument("--span", default="1 min", metavar="TIME", help="how long runs are (default: 1 min)")
    verb.add_argument("--step", metavar="TIME", help="the longest step (default: chosen for the type)")
    verb.add_argument("--method", choices=("auto", "rk4", "dopri5", "rodas4", "euler-maruyama", "milstein"),
                      default="auto", help="how a co-simulation steps (default: as a run of ours would)")  # fmt: skip


def export(options: argparse.Namespace) -> int:
    """Write an FMU."""
    return int(import_module("pollux.site.exported").run(options))


def _warm(verbs: Any) -> None:
    verb = _verb(verbs, "warm", warm, "compile and cache the kernels of a site once", "pollux warm boiler/site.py")
    verb.add_argument("site", type=Path, metavar="SITE.py")


def warm(options: argparse.Namespace) -> int:
    """Fill the cache of compiled kernels."""
    return int(import_module("pollux.site.warm").run(options))


def _bench(verbs: Any) -> None:
    verb = _verb(verbs, "bench", bench, "measure the promises beside their peers", "pollux bench fork what-if")
    verb.add_argument("names", nargs="*", metavar="NAME", help="default: all there are")
    verb.add_argument("--json", action="store_true", help="one line a measurement")


def bench(options: argparse.Namespace) -> int:
    """Run benchmarks and print a table."""
    return int(import_module("pollux.testing.bench").run(options))


def _fmu(verbs: Any) -> None:
    verb = _verb(verbs, "fmu", fmu, "which FMUs, native code of other tools, may be run here, by hash",
                 "pollux fmu install drive.fmu")  # fmt: skip
    verb.add_argument("action", choices=("install", "list", "remove", "show"))
    verb.add_argument("what", nargs="?", metavar="FILE|NAME")
    verb.add_argument("--name", metavar="NAME", help="under which it is installed (default: that of the file)")
    verb.add_argument("--replace", action="store_true", help="let the name stand for these bytes from now on")
    verb.add_argument("--json", action="store_true")


def fmu(options: argparse.Namespace) -> int:
    """Install, list, remove or show FMUs."""
    return int(import_module("pollux.site.fmus").run(options))


def _data(verbs: Any) -> None:
    verb = _verb(verbs, "data", data, "public data sets by name, checked by hash", "pollux data get incubator")
    verb.add_argument("action", choices=("list", "get"))
    verb.add_argument("name", nargs="?", metavar="NAME")
    verb.add_argument("--json", action="store_true")


def _silent(path: str) -> None:
    """Say nothing of a file that was fetched: nobody looks."""


def data(options: argparse.Namespace) -> int:
    """List the sets, or fetch one."""
    datasets = import_module("pollux.castor.datasets")
    if options.action == "get":
        if not options.name:
            raise SetupError("expected the name of a data set", hint="pollux data list")
        print(datasets.fetch(options.name, progress=print if sys.stderr.isatty() else _silent))
        return 0
    for one in datasets.DATA_SETS:
        if options.json:
            print(json.dumps({"name": one.name, "about": one.about, "licence": one.licence, "address": one.address}))
        else:
            print(f"{one.name:12} {one.about}\n{'':12} {one.licence}")
    return 0
