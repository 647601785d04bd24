import pytest

import pollux as px
from pollux.errors import ModelError
from pollux.model.schema import schema_of


class Infusion(px.Twin):
    rate_ = px.actuator("ml/h", low=0, high=500)

    @px.command
    def infuse(self, volume=px.fact("ml", low=0, high=500), drug=px.fact(["saline", "albumin"])):  # noqa: B008
        """Infuse a volume of fluid."""

    @px.command
    def silence(self):
        """Silence the alarm for two minutes."""


def test_commands_have_names_parameters_and_a_meaning():
    """A command is declared by its signature, whose defaults are facts, and by its docstring."""
    commands = schema_of(Infusion).commands
    assert list(commands) == ["infuse", "silence"]
    volume, drug = commands["infuse"].parameters
    assert (volume.name, str(volume.unit), volume.high) == ("volume", "ml", 500.0)
    assert drug.choices == ("saline", "albumin")
    assert commands["silence"].doc == "Silence the alarm for two minutes."
    assert commands["silence"].parameters == ()


def test_a_command_that_cannot_be_is_refused():
    """Parameters are facts, and `set` is taken."""
    with pytest.raises(ModelError, match="expected volume to be a fact, got nothing") as caught:

        class Some(px.Twin):
            @px.command
            def infuse(self, volume): ...

    assert "Some.infuse (test_commands.py:" in str(caught.value)
    with pytest.raises(ModelError, match="expected a name of its own, got 'set'"):

        class Other(px.Twin):
            @px.command
            def set(self): ...


def test_a_command_that_measures_is_another_command():
    """`measures=True` is kept, changes the type's digest, and a bare command has none; one of nothing is refused."""

    class Monitor(px.Twin):
        pulse = px.sensor("1/min")

        @px.command(measures=True)
        def measure(self, signal=px.fact(["pulse"])):  # noqa: B008
            """Measure again."""

    asking = schema_of(Monitor)

    class Monitor(px.Twin):  # type: ignore[no-redef]
        pulse = px.sensor("1/min")

        @px.command
        def measure(self, signal=px.fact(["pulse"])):  # noqa: B008
            """Measure again."""

    plain = schema_of(Monitor)
    assert (asking.commands["measure"].measures, plain.commands["measure"].measures) == (True, False)
    assert asking.commands["measure"].doc == plain.commands["measure"].doc == "Measure again."
    assert asking != plain
    with pytest.raises(ModelError, match="expected a function below"):

        class Empty(px.Twin):
            measure = px.command(measures=True)
