"""The live demo's director: lets quiet days pass quickly, and plays the team where nobody at the page does.

Everything he does goes through the same doors as the page: the physician's account, the lab, the signature. Whoever
looks on may be quicker; what was signed by hand is not signed again.
"""

import threading
from collections.abc import Callable
from types import TracebackType
from typing import Any, Final, Self, final

import pollux as px
from pollux.worlds.heart import acts
from pollux.worlds.heart.man import DAY, HOUR
from pollux.worlds.heart.patient import Patient
from pollux.worlds.heart.story import ILLNESS, PATIENT, START
from pollux.worlds.heart.ward import Ward

QUICK: Final = 86_400 / 1.6
"""Seconds of the calendar in a real second while nothing is to be seen."""
FIRST: Final = 2.4
"""The day on which the team tries what may help."""
PATIENCE: Final = 18 * HOUR
"""How long after a recommendation the physician waits for somebody at the page to sign it."""
TRIED: Final = ("loop+1", "sglt2", "arni")
"""What the physician tries while somebody looks on; the lab offers more."""
SLOWED: Final = 6.0
"""By how much the calendar is slowed while options are tried, so that what is foreseen begins at what is seen."""
BEHIND: Final = 15 * HOUR
"""How old his newest estimate may be while time passes quickly: one comes every 12 hours."""
LOOK: Final = 0.1


@final
class Director:
    """A thread that follows the story of a ward on its running clock, as a context."""

    def __init__(self, ward: Ward, clock: px.ScaledClock, *, usual: float, say: Callable[[str], None]) -> None:
        self._ward = ward
        self._clock = clock
        self._usual = usual
        self._say = say
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._direct, name="director", daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._over.set()
        self._thread.join()

    def _direct(self) -> None:
        try:
            self._follow()
        except px.PolluxError as error:
            if not self._over.is_set():
                self._say(f"the director stops, the demo goes on: {error}")
        finally:
            self._clock.run_at(self._usual)

    def _follow(self) -> None:
        """The acts in their order; each waits for its moment, and ends at once when the demo does."""
        if not self._until(lambda: self._estimated):
            return
        if self._quickly(FIRST):
            self._change("he has gained weight since he came, pressure allows it", wait=0)
        if self._quickly(ILLNESS.begins - 0.3):
            self._say("Day 11: a chest cold, salty soup.")
        if self._until(lambda: acts.alarmed(self._ward) is not None):
            self._say(acts.examined_again(self._ward))
            self._change("congested: weight, pressure and estimate agree", wait=PATIENCE)

    def _quickly(self, day: float) -> bool:
        """Let time pass quickly until a day, but never so that his twin falls behind; false when the demo ends."""

        def there() -> bool:
            follows = self._clock.now() - self._newest < BEHIND
            self._clock.run_at(max(QUICK, self._usual) if follows else self._usual)
            return self._day >= day

        reached = self._until(there)
        self._clock.run_at(self._usual)
        return reached

    def _change(self, reason: str, *, wait: int) -> None:
        """Everything is tried on the twin; the card is signed when nobody has done so in time."""
        self._clock.run_at(self._usual / SLOWED)
        self._ward.physician.tries(TRIED)
        self._clock.run_at(self._usual)
        card = self._ward.physician.card()
        self._say(f"Tried on the twin. {card['rank']}: {card['title']}.")
        began = self._clock.now()
        if card["option"] is None or not self._until(lambda: self._clock.now() - began >= wait or self._acted(card)):
            return
        if not self._acted(card):
            self._ward.physician.signs(card["id"], reason)
            self._say(f"Signed by {self._ward.physician.name}: on his plan.")

    def _acted(self, card: Any) -> bool:
        now = self._ward.physician.get(f"twins/Patient/{PATIENT}/advice/{card['id']}")
        return bool(now["state"] != "open")

    @property
    def _day(self) -> float:
        return (self._clock.now() - START) / DAY

    @property
    def _newest(self) -> int:
        """When his twin was last estimated; 0 when never."""
        past = self._ward.patient.history(Patient.filling, "3 days").time
        return int(past[-1]) if len(past) else 0

    @property
    def _estimated(self) -> bool:
        return self._newest > 0

    def _until(self, reached: Callable[[], bool]) -> bool:
        """Wait for something; false when the demo ends first."""
        while not self._over.is_set():
            if reached():
                return True
            self._over.wait(LOOK)
        return False
