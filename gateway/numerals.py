"""Which options a message of digits picks. Reading digits of any script is `core.digits`; here is what the numbers mean."""

from core import digits


def option_numbers(count: int) -> list[int]:
    """The numbers that options carry, in order: 9 always means leaving, so no option has it."""
    return [number for number in range(1, count + 2) if number != 9][:count]


def read_numbers(text: str) -> list[int]:
    """The numbers a message consists of, in order; empty when it holds anything else."""
    return digits.read_numbers(text) or []


def pick(numbers: list[int], count: int, *, multiple: bool) -> list[int] | None:
    """Positions (from 0) of the options that these numbers name, or None when one of them names none.

    Several options may be written together: "13" means 1 and 3 where no option has the number 13.
    """
    offered = {number: position for position, number in enumerate(option_numbers(count))}
    if not multiple:
        return [offered[numbers[0]]] if len(numbers) == 1 and numbers[0] in offered else None
    chosen: list[int] = []
    for number in numbers:
        parts = [number] if number in offered else [int(digit) for digit in str(number)]
        if any(part not in offered for part in parts):
            return None
        chosen.extend(offered[part] for part in parts if offered[part] not in chosen)
    return chosen or None
