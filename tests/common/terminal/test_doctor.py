"""What the doctor says of GPUs, from what torch and the driver tell."""

from raicl.common.terminal.doctor import describe_cards

H100, OLD = ("NVIDIA H100", 85_000_000_000, 9, ""), ("GTX 1080", 8_500_000_000, 6, "no kernel")


def test_a_card_is_told_with_its_memory_and_its_precisions() -> None:
    [card] = describe_cards("13.0", [H100], 1)
    assert card.holds
    assert card.found == "NVIDIA H100, 85 GB, TF32 and bfloat16"


def test_a_card_that_torch_has_no_kernels_for_is_a_fault() -> None:
    good, bad = describe_cards("13.0", [H100, OLD], 2)
    assert (good.holds, bad.holds) == (True, False)
    assert bad.found == "GTX 1080, 8 GB, neither TF32 nor bfloat16; no kernel"
    assert "torch build" in bad.fix


def test_a_card_that_the_driver_knows_and_torch_does_not_see_is_a_fault() -> None:
    [without] = describe_cards(None, [], 1)
    [other] = describe_cards("13.0", [], 2)
    assert not without.holds
    assert "a build without CUDA" in without.found
    assert "the driver knows 2" in other.found


def test_a_machine_without_a_card_is_sound() -> None:
    [none] = describe_cards("13.0", [], 0)
    assert none.holds
