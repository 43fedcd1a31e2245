"""Numbers as the prompts that say them."""

from __future__ import annotations

LARGEST = 69
"Above, numbers are said digit by digit: there are prompts for the tens up to 60."
LAST_OWN = 20
"Up to here each number has a prompt of its own; above it is put together from tens and digit."


def spoken(number: int) -> tuple[str, ...]:
    """The prompts that say a number from 0 on. Raises ValueError below 0."""
    if number < 0:
        raise ValueError(f"{number} is below 0: no prompt says it")
    tens, digit = divmod(number, 10)
    if not tens or number > LARGEST:
        return tuple(f"digit-{char}" for char in str(number))
    if number <= LAST_OWN:
        return (f"number-{number}",)
    return (f"number-{tens}0", f"digit-{digit}") if digit else (f"number-{tens}0",)
