"""Figures of several rounds, and how a table shows them."""

from dataclasses import dataclass, field
from statistics import median


@dataclass
class Figure:
    """The measured values, one for each round."""

    unit: str
    digits: int = 1
    values: list[float] = field(default_factory=list)

    @property
    def median(self) -> float:
        """The middle of what was measured."""
        return median(self.values)

    def __str__(self) -> str:
        """Return the median, and the lowest and highest where they differ."""

        def number(value: float) -> str:
            return f"{value:,.{self.digits}f}"

        low, high = number(min(self.values)), number(max(self.values))
        spread = f" ({low} to {high})" if low != high else ""
        return f"{number(self.median)} {self.unit}{spread}"


def table(columns: list[str], rows: list[list[object]]) -> str:
    """Return a table in Markdown."""
    lines = [columns, ["---"] * len(columns), *rows]
    return "".join(f"| {' | '.join(map(str, line))} |\n" for line in lines)


def bars(title: str, unit: str, values: dict[str, float]) -> str:
    """Return a bar chart in Mermaid, which GitHub draws.

    https://mermaid.js.org/syntax/xyChart.html
    """
    names = ", ".join(f'"{name}"' for name in values)
    numbers = ", ".join(f"{value:.2f}" for value in values.values())
    return (
        f'```mermaid\nxychart-beta horizontal\n    title "{title}"\n    x-axis [{names}]\n'
        f'    y-axis "{unit}" 0 --> {max(values.values()) * 1.1:.2f}\n    bar [{numbers}]\n```\n'
    )
