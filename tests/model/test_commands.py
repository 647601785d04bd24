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
