import json
import logging

from problems.refusal import render_refusal


def test_refusal_is_a_problem_with_an_id_that_is_in_the_log(caplog):
    caplog.set_level(logging.WARNING)

    reason, fields, body = render_refusal(431, "headers_too_large", "There are too many.")

    headers = dict(fields)
    problem = json.loads(body)
    assert reason == "Request Header Fields Too Large"
    assert headers["Content-Type"] == "application/problem+json"
    assert (problem["type"], problem["detail"]) == ("urn:problem:headers_too_large", "There are too many.")
    assert headers["X-Request-ID"] == problem["request_id"] != ""
    (record,) = caplog.records
    assert (record.message, record.status, record.detail) == ("request refused", 431, "There are too many.")
