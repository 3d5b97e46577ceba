"""What a researcher sees of a finished study in the MLflow UI, in a real browser."""

from collections.abc import Callable
from functools import partial
from typing import Any

import pytest

pytest.importorskip("selenium", reason="Selenium is missing: pip install 'ablate[browser]'")

from selenium.webdriver.common.by import By
from selenium.webdriver.common.keys import Keys
from selenium.webdriver.support.wait import WebDriverWait

from tests.browser.conftest import PATIENCE_S, Served

pytestmark = [pytest.mark.slow, pytest.mark.e2e]
Page = Callable[..., Any]


NAME = "attributes.`Run Name`"


def first_column(browser: Any) -> list[str]:
    """Return the names of the runs, from above."""
    cells = browser.find_elements(By.CSS_SELECTOR, f'.ag-row [col-id="{NAME}"]')
    cells.sort(key=lambda cell: cell.rect["y"])
    return [cell.text.split("\n")[-1] for cell in cells]


def headers(browser: Any) -> list[str]:
    """Return the names of the columns of metrics, from the left."""
    cells = browser.find_elements(By.CSS_SELECTOR, '.ag-header-cell[col-id^="metrics."]')
    cells.sort(key=lambda cell: cell.rect["x"])
    return [cell.get_attribute("col-id").split("`")[1] for cell in cells]


def unfold(browser: Any, name: str, child: str) -> None:
    """Open the row of a run, once, and wait for one below it."""
    row = next(
        row
        for row in browser.find_elements(By.CSS_SELECTOR, ".ag-row")
        if name in row.text and row.find_elements(By.TAG_NAME, "button")
    )
    row.find_element(By.TAG_NAME, "button").click()
    until(browser, lambda seen: child in first_column(seen), f"{child} below {name}")


def until(browser: Any, is_so: Callable[[Any], object], what: str) -> None:
    WebDriverWait(browser, PATIENCE_S).until(is_so, what)


def has_pixels(image: Any, browser: Any) -> bool:
    del browser
    return bool(image.get_property("naturalWidth") > 0)


def run_page(served: Served, run: Any, tab: str = "") -> str:
    return (
        f"experiments/{served.experiment}/runs/{run.info.run_id}{tab}?workflowType=machine_learning"
    )


def test_the_list_of_studies_names_the_study(page: Page) -> None:
    browser = page("experiments?workflowType=machine_learning", "seen")
    assert "Signed or magnitude gradients" in browser.find_element(By.TAG_NAME, "body").text


def test_the_tree_nests_seeds_in_trials_in_the_study(page: Page, view: dict[str, str]) -> None:
    browser = page(view["study, as it nests"], "study seen")
    unfold(browser, "study seen", "t000 signed")
    unfold(browser, "t000 signed", "signed · s1")
    assert "t001 magnitude" in first_column(browser)
    assert "magnitude · s1" not in first_column(browser)


def test_a_phase_has_its_columns_and_its_sort(
    page: Page, view: dict[str, str], served: Served
) -> None:
    browser = page(view["phase compare"], "t000 signed", "t001 magnitude", "factor.variant")
    assert headers(browser)[:3] == ["final/test/vif", "final/test/vif.sd", "final/test/qabf"]
    body = browser.find_element(By.TAG_NAME, "body").text
    assert all(word in body for word in ("ablate.health", "ablate.state", "healthy"))
    best = max(served.runs(kind="trial"), key=lambda run: run.data.metrics["final/test/vif"])
    until(browser, lambda seen: best.info.run_name == first_column(seen)[0], "the best one first")


def test_a_new_browser_begins_on_the_runs_of_a_study(page: Page) -> None:
    browser = page("experiments", "seen")
    browser.find_element(By.LINK_TEXT, "seen").click()
    until(browser, lambda seen: "t000 signed" in first_column(seen), "the trials of the study")
    browser.find_element(By.CSS_SELECTOR, '[data-testid="saved-views-trigger"]').click()
    text = "trainings: pictures and curves"
    until(browser, lambda seen: text in seen.find_element(By.TAG_NAME, "body").text, "its views")
    assert "MLflow Assistant" not in browser.find_element(By.TAG_NAME, "body").text


@pytest.mark.parametrize("mode", ["CHART", "ARTIFACT"])
def test_fused_images_stand_side_by_side(page: Page, view: dict[str, str], mode: str) -> None:
    link = view["trainings: pictures and curves"].replace("=CHART", f"={mode}")
    browser = page(link, "signed · s0", "magnitude · s0", "test000D")

    def pictures(seen: Any) -> list[Any]:
        return seen.find_elements(By.CSS_SELECTOR, 'img[src*="get-artifact"][src*="fused"]')

    until(browser, lambda seen: len(pictures(seen)) >= 2, "pictures of two trainings")
    for image in pictures(browser)[:2]:
        until(browser, partial(has_pixels, image), "its pixels")


def test_two_arms_can_be_compared(page: Page, served: Served) -> None:
    ids = ",".join(f"%22{run.info.run_id}%22" for run in served.runs(kind="run", seed="0"))
    place = f"compare-runs?runs=[{ids}]&experiments=[%22{served.experiment}%22]"
    page(place, "Comparing 2 Runs", "signed · s0", "magnitude · s0", "loss.components")


def test_pictures_have_a_slider_over_the_steps(page: Page, served: Served) -> None:
    run = served.runs(kind="run", seed="0")[0]
    browser = page(run_page(served, run, "/model-metrics"), "gflops")
    search = browser.find_element(By.CSS_SELECTOR, 'input[placeholder="Search metric charts"]')
    search.send_keys("progress")  # finds every card with a picture, and no other
    field = "//*[contains(text(), 'progress test000D')]/ancestor::div[.//input[@type='number']][1]//input[@type='number']"
    until(browser, lambda seen: seen.find_elements(By.XPATH, field), "the card")
    step = browser.find_element(By.XPATH, field)
    browser.execute_script("arguments[0].scrollIntoView()", step)

    def shown(seen: Any) -> list[str]:
        images = seen.find_elements(By.CSS_SELECTOR, 'img[src*="get-artifact"]')
        return [image.get_attribute("src") for image in images]

    until(browser, lambda seen: any("step%2B0%2B" in src for src in shown(seen)), "the start")
    step.send_keys(Keys.CONTROL, "a")
    step.send_keys("8", Keys.ENTER)
    until(browser, lambda seen: any("step%2B8%2B" in src for src in shown(seen)), "the end")
    for image in browser.find_elements(By.CSS_SELECTOR, 'img[src*="get-artifact"]'):
        browser.execute_script("arguments[0].scrollIntoView()", image)
        until(browser, partial(has_pixels, image), "its pixels")


def test_the_page_of_a_run_says_why_and_with_whom_and_what_data(page: Page, served: Served) -> None:
    run = served.runs(kind="run", seed="0")[0]
    browser = page(run_page(served, run), "Why", "Paired with", "generated pairs", "System metrics")
    (partners,) = browser.find_elements(By.LINK_TEXT, "their runs")
    assert f"experiments/{served.experiment}/runs?searchFilter=" in partners.get_attribute("href")
    browser.find_element(By.XPATH, "//*[contains(text(), 'generated pairs')]").click()
    until(browser, lambda seen: "infrared" in seen.find_element(By.TAG_NAME, "body").text, "schema")


def test_the_partners_of_a_run_are_one_click_away(page: Page, served: Served) -> None:
    run = next(r for r in served.runs(kind="run", seed="0") if "signed" in r.info.run_name)
    href = run.data.tags["mlflow.note.content"].partition("(#/")[2].partition(")")[0]
    browser = page(href, "t000 signed", "t001 magnitude", "matching runs")
    unfold(browser, "t000 signed", "signed · s0")
    unfold(browser, "t001 magnitude", "magnitude · s0")
    assert not {"signed · s1", "magnitude · s1"} & set(first_column(browser))


def test_the_report_lies_in_the_study_run(page: Page, served: Served) -> None:
    (study,) = served.runs(kind="study")
    browser = page(run_page(served, study, "/artifacts/report/report.html"), "report.md")
    frame = browser.find_element(By.TAG_NAME, "iframe")
    browser.switch_to.frame(frame)
    until(
        browser,
        lambda seen: "Signed or magnitude" in seen.find_element(By.TAG_NAME, "body").text,
        "the title of the report",
    )
    browser.switch_to.default_content()


def test_the_best_network_is_a_model_of_the_study(page: Page, served: Served) -> None:
    place = f"experiments/{served.experiment}/models?workflowType=machine_learning"
    page(place, "t000 signed", "t001 magnitude", "Ready", "v1")
    page("models/seen", "best", "Version 1")


def test_the_machine_has_a_page_of_its_own(page: Page, served: Served) -> None:
    run = served.runs(kind="run", seed="0")[0]
    page(run_page(served, run, "/system-metrics"), "worker_memory_mib", "worker_cpu_percent")
