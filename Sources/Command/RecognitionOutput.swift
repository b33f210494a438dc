internal import ArgumentParser
internal import Custody
internal import Evidence
internal import Ledger
internal import Recognition

/// In what capacity somebody acts; it has no default, because it is recorded for ever.
struct RoleOption: ParsableArguments {
    @Option(help: "In what capacity you act: \(Role.allCases.map(\.rawValue).joined(separator: ", ")).")
    var role: String

    func chosen() throws -> Role { try choice(role, "role", Role.self) }
}

/// Text from the command line that will be recorded.
/// - Throws: ``Failure`` where it is not UTF-8.
func recordable(_ text: String, _ name: String) throws -> String {
    guard RawArguments.isUTF8(text) else { throw Failure("cannot take the \(name): it is not UTF-8") }
    return text
}

// MARK: Lines that hang together

/// A line with what belongs to it, drawn as a tree.
struct Branch {
    let text: String
    var branches: [Branch] = []

    init(_ text: String, _ branches: [Branch] = []) {
        self.text = text
        self.branches = branches
    }

    /// The lines; whatever came from outside is safe for a terminal.
    var lines: [String] { [visible(text)] + Self.lines(branches) }

    private static func lines(_ branches: [Branch]) -> [String] {
        branches.enumerated().flatMap { index, branch in
            let isLast = index == branches.count - 1
            return branch.lines.enumerated().map { line, text in
                (line == 0 ? (isLast ? "└─ " : "├─ ") : (isLast ? "   " : "│  ")) + text
            }
        }
    }

    func print() { lines.forEach(printLine) }
}

/// Prints rows in columns as wide as their longest text; nothing follows the last column.
func printColumns(_ rows: [[String]]) {
    let rows = rows.map { $0.map(visible) }
    let count = rows.map(\.count).max() ?? 0
    let widths = (0..<count).map { column in rows.map { column < $0.count ? $0[column].count : 0 }.max() ?? 0 }
    for row in rows {
        var line = zip(row, widths).map { $0.padded(to: $1) }.joined(separator: "  ")[...]
        while line.last == " " { line.removeLast() }
        printLine(String(line))
    }
}

// MARK: Scores and verdicts

/// `8`, `9.5`, `5p`.
func text(_ score: Score?) -> String { score.map { "\($0.points)\($0.isPartial ? "p" : "")" } ?? "–" }

func json(_ points: Points) -> JSON { .object(["halves": .number(points.halves), "points": .string(points.description)]) }

func json(_ score: Score) -> JSON {
    .object(["halves": .number(score.points.halves), "points": .string(score.points.description), "partial": .bool(score.isPartial)])
}

func json(_ scores: [IndicatorCode: Score]) -> JSON {
    .object(Dictionary(uniqueKeysWithValues: scores.map { ($0.key.text, json($0.value)) }))
}

func json(_ scores: [ScoreKind: [IndicatorCode: Score]]) -> JSON {
    .object(Dictionary(uniqueKeysWithValues: scores.map { ($0.key.rawValue, json($0.value)) }))
}

/// A row an indicator, a column a kind of score, and the sums.
func scoreRows(_ criteria: CriteriaSet, _ scores: [ScoreKind: [IndicatorCode: Score]]) -> [[String]] {
    let kinds = ScoreKind.allCases
    let rows = criteria.indicators.map { indicator in
        [indicator.code.text] + kinds.map { text(scores[$0]?[indicator.code]) } + [indicator.name]
    }
    let sums = kinds.map { kind in
        scores[kind].map { "\($0.values.reduce(Points.zero) { $0 + $1.points })" } ?? "–"
    }
    return [[""] + kinds.map(\.rawValue)] + rows + [["sum"] + sums]
}

/// `recognised: total 86`, or `not recognised: total 83, but B4 = 4 < 5 [source, place: “quote”]`.
func text(_ verdict: Verdict) -> String {
    if verdict.isRecognised { return "recognised: total \(verdict.total)" + (verdict.grade.map { ", grade \($0)" } ?? "") }
    let total = verdict.unmet.contains { $0.rule == .threshold } ? "" : "total \(verdict.total), but "
    return "not recognised: \(total)\(unmet(verdict).joined(separator: "; "))"
}

/// What is not met, a text for each source, which is told once: `B3 = 4 < 5; B4 = 4 < 5 [source, place: “quote”]`.
func unmet(_ verdict: Verdict) -> [String] {
    var sources: [String?] = []
    var statements: [String?: [String]] = [:]
    for reason in verdict.unmet {
        let source = reason.provenance?.citation
        if statements[source] == nil { sources.append(source) }
        statements[source, default: []].append(reason.statement)
    }
    return sources.map { source in (statements[source] ?? []).joined(separator: "; ") + (source.map { " [\($0)]" } ?? "") }
}

/// `review of 2025-11-20: 16 for, 1 against, of 17`.
func text(_ review: CollectiveReview) -> String {
    "review of \(review.heldOn): \(review.votesFor) for, \(review.votesAgainst) against, of \(review.participants.count)"
}

func json(_ reason: Reason) -> JSON {
    let members: [String: JSON?] = [
        "id": .string(reason.id), "rule": .string(reason.rule.rawValue), "indicator": .text(reason.indicator),
        "met": .bool(reason.isMet), "statement": .string(reason.statement), "source": .text(reason.provenance?.citation),
        "provisional": reason.provenance.map { .bool($0.isProvisional) },
    ]
    return .object(members.compactMapValues(\.self))
}

/// - Parameter isWhole: whether also the reasons that are met are told.
func json(_ verdict: Verdict, isWhole: Bool = true) -> JSON {
    let members: [String: JSON?] = [
        "recognised": .bool(verdict.isRecognised), "total": json(verdict.total), "grade": .text(verdict.grade),
        "text": .string(text(verdict)), "unmet": .array(verdict.unmet.map(json)),
        "reasons": isWhole ? .array(verdict.reasons.map(json)) : nil,
        "counted": isWhole ? .object(Dictionary(uniqueKeysWithValues: verdict.counted.map { ($0.key.text, json($0.value)) })) : nil,
    ]
    return .object(members.compactMapValues(\.self))
}

// MARK: Dossiers, citations, titles

func json(_ review: CollectiveReview) -> JSON {
    let members: [String: JSON?] = [
        "held_on": .text(review.heldOn), "votes_for": .number(review.votesFor), "votes_against": .number(review.votesAgainst),
        "participants": .array(review.participants.map(JSON.string)), "minutes": .text(review.minutes?.item),
        "minutes_object": .text(review.minutes?.object.hex),
    ]
    return .object(members.compactMapValues(\.self))
}

func members(_ dossier: DossierSummary) -> [String: JSON?] {
    [
        "dossier": .string(dossier.id.text), "person": .string(dossier.person.text), "person_name": .string(dossier.personName),
        "cycle": .number(dossier.cycle), "unit": .string(dossier.unit.text), "group": .string(dossier.group),
        "stage": .string(dossier.stage.rawValue), "criteria": .string(dossier.criteria.hex), "rules": .string(dossier.rules.hex),
    ]
}

/// `p. 1, 3`, or nothing where the whole is cited.
func text(pages: [Int]) -> String? { pages.isEmpty ? nil : "p. " + pages.map(String.init).joined(separator: ", ") }

func json(_ citation: CitationAccount) -> JSON {
    let members: [String: JSON?] = [
        "citation": .string(citation.id.text), "dossier": .string(citation.dossier.text),
        "indicator": .string(citation.indicator.text), "item": .string(citation.evidence.item.text),
        "object": .string(citation.evidence.object.hex), "title": .text(citation.title),
        "pages": .array(citation.pages.map(JSON.number)), "text": .text(citation.text?.hex),
        "reaffirms": .text(citation.reaffirms), "record": .number(citation.record),
        "verification": .string(citation.verification.rawValue), "counts": .bool(citation.counts),
    ]
    return .object(members.compactMapValues(\.self))
}

/// `ev-… p. 1 Kế hoạch học tập (verified)`.
func text(_ citation: CitationAccount) -> String {
    let words = [citation.evidence.item.text, text(pages: citation.pages), citation.title ?? "untitled", "(\(citation.verification.rawValue))"]
    return words.compactMap(\.self).joined(separator: " ")
}

func members(_ title: TitleSummary) -> [String: JSON?] {
    [
        "title": .string(title.id.text), "person": .string(title.person.text), "cycle": .number(title.cycle), "unit": .text(title.unit),
        "honour": .text(title.honour), "code": .string(title.code), "issued": .text(title.issuedOn), "revoked": .bool(title.isRevoked),
        "replaced": .bool(title.isReplaced), "record": .number(title.record),
    ]
}

func json(_ title: TitleSummary) -> JSON { .object(members(title).compactMapValues(\.self)) }

/// `ti-… of 2025 by 125/QĐ-UBND of 2025-12-10`.
func text(_ title: TitleSummary) -> String {
    "\(title.id) \(title.honour.map { "(\($0)) " } ?? "")of \(title.cycle) by \(title.code) of \(title.issuedOn)"
        + fate(title)
}

/// What became of a title; nothing where it stands.
func fate(_ title: TitleSummary) -> String {
    (title.isRevoked ? ", REVOKED" : "") + (title.isReplaced ? ", replaced by a later decision" : "")
}

func json(_ flag: ReuseFlag) -> JSON {
    .object(["item": .string(flag.item.text), "kind": .string(flag.kind.rawValue), "others": .number(flag.others)])
}

/// Says that others have it, and not whose it is.
func text(_ flag: ReuseFlag) -> String {
    let people = flag.others == 1 ? "1 other person has" : "\(flag.others) other people have"
    return "\(flag.item): \(people) \(flag.kind == .sameObject ? "the same bytes" : "a document of this issuer and number")"
}
