"""The list of licences is that of the locks, every package has its sums, and none has a licence that would bind a hotline."""

import re

from benchmarks.sbom import LOCKS, PAGE, REFUSED, bill, packages, page, refused


def test_the_bill_names_every_locked_package_with_its_sums_and_no_address() -> None:
    found = packages()
    assert len(found) == sum(
        len(re.findall(r"^[A-Za-z0-9][^ ]*==", lock.read_text(), re.MULTILINE)) for lock, _ in LOCKS.values()
    )
    assert all(each.hashes for each in found)
    made = bill(found)
    assert len({each["bom-ref"] for each in made["components"]}) == len(found)
    assert "://" not in str(made)


def test_the_page_is_what_the_locks_say_and_no_licence_is_refused() -> None:
    found = packages()
    assert PAGE.read_text(encoding="utf-8") == page(found), "run make sbom"
    assert refused(found) == []
    assert REFUSED.search("GNU Affero General Public License v3")
