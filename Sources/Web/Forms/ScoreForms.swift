// The JSON forms of what the archive answers: one for the network and the command line, so that one word stays one word. Beside each
// stands its schema, which describes it to whoever asks over the network.

public import Evidence
public import Ledger
public import Recognition

extension JSON {
    public static func text(_ value: (some CustomStringConvertible)?) -> JSON? { value.map { .string($0.description) } }
    public static func number(_ value: Int) -> JSON { .integer(Int64(value)) }

    /// The members that are there.
    public static func members(_ members: [String: JSON?]) -> JSON { .object(members.compactMapValues(\.self)) }
}

extension Schema {
    /// Text of an answer, which is as long as it is.
    static let words = Schema.text(.anything, min: 0, max: 1_000_000)
    static let indicator = Schema.text(.line, min: 1, max: 16)
    static let cycle = Schema.integer(1900...9999)
}

// MARK: Points, scores, verdicts

public func json(_ points: Points) -> JSON { .object(["halves": .number(points.halves), "points": .string(points.description)]) }

public func json(_ score: Score) -> JSON {
    .object(["halves": .number(score.points.halves), "points": .string(score.points.description), "partial": .bool(score.isPartial)])
}

public func json(_ scores: [IndicatorCode: Score]) -> JSON {
    .object(Dictionary(uniqueKeysWithValues: scores.map { ($0.key.text, json($0.value)) }))
}

public func json(_ scores: [ScoreKind: [IndicatorCode: Score]]) -> JSON {
    .object(Dictionary(uniqueKeysWithValues: scores.map { ($0.key.rawValue, json($0.value)) }))
}

public func json(_ reason: Reason) -> JSON {
    .members([
        "id": .string(reason.id), "rule": .string(reason.rule.rawValue), "indicator": .text(reason.indicator),
        "met": .bool(reason.isMet), "statement": .string(reason.statement), "source": .text(reason.provenance?.citation),
        "provisional": reason.provenance.map { .bool($0.isProvisional) },
    ])
}

/// - Parameter isWhole: whether also the reasons that are met are told.
public func json(_ verdict: Verdict, isWhole: Bool = true) -> JSON {
    .members([
        "recognised": .bool(verdict.isRecognised), "total": json(verdict.total), "grade": .text(verdict.grade),
        "text": .string(text(verdict)), "unmet": .array(verdict.unmet.map(json)),
        "reasons": isWhole ? .array(verdict.reasons.map(json)) : nil,
        "counted": isWhole ? .object(Dictionary(uniqueKeysWithValues: verdict.counted.map { ($0.key.text, json($0.value)) })) : nil,
    ])
}

/// `recognised: total 86`, or `not recognised: total 83, but B4 = 4 < 5 [source, place: “quote”]`.
public func text(_ verdict: Verdict) -> String {
    if verdict.isRecognised { return "recognised: total \(verdict.total)" + (verdict.grade.map { ", grade \($0)" } ?? "") }
    let total = verdict.unmet.contains { $0.rule == .threshold } ? "" : "total \(verdict.total), but "
    return "not recognised: \(total)\(unmet(verdict).joined(separator: "; "))"
}

/// What is not met, a text for each source, which is told once: `B3 = 4 < 5; B4 = 4 < 5 [source, place: “quote”]`.
public func unmet(_ verdict: Verdict) -> [String] {
    var sources: [String?] = []
    var statements: [String?: [String]] = [:]
    for reason in verdict.unmet {
        let source = reason.provenance?.citation
        if statements[source] == nil { sources.append(source) }
        statements[source, default: []].append(reason.statement)
    }
    return sources.map { source in (statements[source] ?? []).joined(separator: "; ") + (source.map { " [\($0)]" } ?? "") }
}

extension Schema {
    static let points = Schema.named(
        "Points",
        .object([.required("halves", .integer(-100_000...100_000), "In half points."), .required("points", .line(max: 16))]))
    static let score = Schema.named(
        "Score",
        .object([
            .required("halves", .integer(-100_000...100_000), "In half points."), .required("points", .line(max: 16)),
            .required("partial", .boolean),
        ]))
    /// By indicator.
    static let scores = Schema.dictionary(score)
    /// By kind of score, and by indicator.
    static let scoresByKind = Schema.dictionary(scores)
    static let reason = Schema.named(
        "Reason",
        .object([
            .required("id", .words), .required("rule", .choice(of: RuleName.self)), .optional("indicator", .indicator), .required("met", .boolean),
            .required("statement", .words), .optional("source", .words), .optional("provisional", .boolean),
        ]))
    static let verdict = Schema.named(
        "Verdict",
        .object([
            .required("recognised", .boolean), .required("total", .points), .optional("grade", .words), .required("text", .words),
            .required("unmet", .list(.reason)), .optional("reasons", .list(.reason)), .optional("counted", .dictionary(.points)),
        ]))
}
