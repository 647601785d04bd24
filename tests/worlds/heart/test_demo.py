"""The demo: the declared home."""

from pollux.worlds.heart import home


def test_the_home_declares_rules_a_policy_and_choices():
    """The type is declared with rules on raw values, a signature by somebody else, and choices for the lab."""
    declared = home.declare().site.declared["Patient"]
    assert {rule.signal for rule in declared.rules} == {"systolic", "pulse", "saturation", "weight"}
    assert declared.policy.signatures == 1
    assert not declared.policy.proposer_may_sign
    assert declared.presenter is not None
    assert home.choices()[0].values == {}


def test_the_rules_of_the_scale_differ_at_exactly_two_kilograms():
    """A loss of exactly 2 kg is an alert, a gain of exactly 2 kg is none."""
    rules = [rule for rule in home.RULES if rule.title.startswith(("Weight up", "Possibly dry"))]
    assert [getattr(rule, "inclusive", None) for rule in rules] == [False, True]


def test_a_gate_closes_what_the_facts_forbid():
    """An unknown fact keeps a treatment from being recommended; known and fine ones free it."""
    empty = home.declare()
    assert not empty.verdict("sglt2", now=0).recommendable
