#!/usr/bin/env python3
"""Judges dossiers by the text of the rules, independently of the program: the second opinion in its tests.

    verdict_oracle.py CRITERIA.json RULES.json... < dossiers > verdicts

The rule documents are in their canonical JSON. Each line of the input is a dossier:
    {"rules": "tan-thanh-ward", "scores": {"A1": {"halves": 16, "partial": false}}, "evidenced": ["A1"]}
and each line of the output its verdict:
    {"recognised":false,"total_halves":16,"unmet":["complete:A2"]}
"""

import json
import math
import sys


POINTS = ("scale_minimum", "scale_maximum", "threshold", "floor", "partial_floor")


def halves(value):
    """Points in halves: 9, "9.5" or "9,5"."""
    return round(float(str(value).replace(",", ".")) * 2)


def values(document):
    """What a rule set says, without its sources; points in halves."""
    said = {name: rule["value"] for name, rule in document.items() if isinstance(rule, dict) and "value" in rule}
    return {name: halves(value) if name in POINTS else value for name, value in said.items()}


def judge(indicators, rules, dossier):
    needs_evidence = rules["evidence"] == "quantifiable"
    partial_floor = rules.get("partial_floor", -math.inf)
    total, unmet = 0, []
    for code, measurable, most in indicators:
        evidence = code in dossier["evidenced"]
        # "không có kê khai, minh chứng (đối với các chỉ số có thể định lượng) thì không cho điểm"
        nothing = needs_evidence and measurable and not evidence
        score = dossier["scores"].get(code)
        if score is None:
            unmet.append("complete:" + code)
            points = 0
        else:
            given = score["halves"]
            # "mỗi chỉ số đánh giá cho điểm từ 1 đến 10"; "điểm tối đa là 10 điểm"
            if not rules["scale_minimum"] <= given <= min(rules["scale_maximum"], most) and not (nothing and given == 0):
                unmet.append("scale:" + code)
            if given % 2 == 1 and not rules["half_points"]:
                unmet.append("halves:" + code)
            if nothing and given > 0:
                unmet.append("evidence:" + code)
            # "tuy có thực hiện nhưng không đầy đủ thì cho từ 5 điểm trở lên": with evidence of something measurable
            # only 0 and what is from the floor on is left; without evidence the rule above decides.
            if given < partial_floor and not nothing and (score["partial"] or (measurable and evidence and given > 0)):
                unmet.append("partial:" + code)
            points = 0 if nothing else given
        # "trong đó không có chỉ số nào điểm dưới 5"
        if points < rules["floor"]:
            unmet.append("floor:" + code)
        total += points
    # "từ 80 điểm trở lên"
    if total < rules["threshold"]:
        unmet.append("threshold")
    return {"recognised": not unmet, "total_halves": total, "unmet": sorted(unmet)}


def read(path):
    with open(path, encoding="utf-8") as file:
        return json.load(file)


def main():
    competencies = read(sys.argv[1])["competencies"]
    indicators = [
        (indicator["code"], indicator["quantifiable"], halves(indicator["maximum"]))
        for competency in competencies
        for indicator in competency["indicators"]
    ]
    rules = {document["code"]: values(document) for document in map(read, sys.argv[2:])}
    for line in sys.stdin:
        dossier = json.loads(line)
        print(json.dumps(judge(indicators, rules[dossier["rules"]], dossier), separators=(",", ":")))


if __name__ == "__main__":
    main()
