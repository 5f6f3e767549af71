"""Figures from several rounds, and their tables and charts."""

from dataclasses import dataclass, field
from statistics import median


@dataclass
class Figure:
    """Measured values, one per round."""

    unit: str
    digits: int = 1
    values: list[float] = field(default_factory=list)

    @property
    def median(self) -> float:
        """Return the median."""
        return median(self.values)

    def __str__(self) -> str:
        """Return the median, with the minimum and the maximum if they differ."""

        def format_number(value: float) -> str:
            return f"{value:,.{self.digits}f}"

        low, high = format_number(min(self.values)), format_number(max(self.values))
        spread = f" ({low} to {high})" if low != high else ""
        return f"{format_number(self.median)} {self.unit}{spread}"


def render_table(columns: list[str], rows: list[list[object]]) -> str:
    """Return a Markdown table."""
    lines = [columns, ["---"] * len(columns), *rows]
    return "".join(f"| {' | '.join(map(str, line))} |\n" for line in lines)


def render_bars(title: str, unit: str, values: dict[str, float]) -> str:
    """Return a bar chart in Mermaid, which GitHub renders.

    https://mermaid.js.org/syntax/xyChart.html
    """
    names = ", ".join(f'"{name}"' for name in values)
    numbers = ", ".join(f"{value:.2f}" for value in values.values())
    return (
        f'```mermaid\nxychart-beta horizontal\n    title "{title}"\n    x-axis [{names}]\n'
        f'    y-axis "{unit}" 0 --> {max(values.values()) * 1.1:.2f}\n    bar [{numbers}]\n```\n'
    )
