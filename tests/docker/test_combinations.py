"""The image of projects with other choices, so that each pair of answers has been in one."""

from collections.abc import Callable
from pathlib import Path

import pytest

from tests.docker import engine
from tests.docker.engine import Network, docker
from tests.docker.test_hardened import COMPLAINT, HARDENED
from tools import combinations


@pytest.mark.parametrize("combination", combinations.with_each_pair()[1:], ids="-".join)
def test_image(
    combination: combinations.Combination,
    bake: Callable[..., Path],
    build_options: tuple[str, ...],
    tag: Callable[[], str],
    network: Network,
) -> None:
    """Without rights and on a read-only disk it migrates PostgreSQL, and its main pages answer 200."""
    image = tag()
    engine.build(bake(**combinations.answers(combination)), image, *build_options)
    network.database()
    site = network.site(image, HARDENED).ready()
    pages = combinations.main_pages(combination)
    assert {page: site.get(page).status for page in pages} == dict.fromkeys(pages, 200)
    assert not COMPLAINT.search(site.logs())
    assert docker("diff", site.id) == ""
