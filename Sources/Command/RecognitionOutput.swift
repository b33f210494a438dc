internal import ArgumentParser
internal import Custody
internal import Evidence
internal import Ledger
internal import Recognition
internal import Web

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
func printColumns(_ rows: [[String]]) { columns(rows).forEach(printLine) }

/// Rows as lines, in columns as wide as their longest text.
func columns(_ rows: [[String]]) -> [String] {
    let rows = rows.map { $0.map(visible) }
    let count = rows.map(\.count).max() ?? 0
    let widths = (0..<count).map { column in rows.map { column < $0.count ? $0[column].count : 0 }.max() ?? 0 }
    return rows.map { row in
        var line = zip(row, widths).map { $0.padded(to: $1) }.joined(separator: "  ")[...]
        while line.last == " " { line.removeLast() }
        return String(line)
    }
}

// MARK: Scores and verdicts

/// `8`, `9.5`, `5p`.
func text(_ score: Score?) -> String { score.map { "\($0.points)\($0.isPartial ? "p" : "")" } ?? "–" }

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

/// `review of 2025-11-20: 16 for, 1 against, of 17`.
func text(_ review: CollectiveReview) -> String {
    "review of \(review.heldOn): \(review.votesFor) for, \(review.votesAgainst) against, of \(review.participants.count)"
}

// MARK: Dossiers, citations, titles

/// `p. 1, 3`, or nothing where the whole is cited.
func text(pages: [Int]) -> String? { pages.isEmpty ? nil : "p. " + pages.map(String.init).joined(separator: ", ") }

/// `ev-… p. 1 Kế hoạch học tập (verified)`.
func text(_ citation: CitationAccount) -> String {
    let words = [citation.evidence.item.text, text(pages: citation.pages), citation.title ?? "untitled", "(\(citation.verification.rawValue))"]
    return words.compactMap(\.self).joined(separator: " ")
}

/// `ti-… of 2025 by 125/QĐ-UBND of 2025-12-10`.
func text(_ title: TitleSummary) -> String {
    "\(title.id) \(title.honour.map { "(\($0)) " } ?? "")of \(title.cycle) by \(title.code) of \(title.issuedOn)"
        + fate(title)
}

/// What became of a title; nothing where it stands.
func fate(_ title: TitleSummary) -> String {
    (title.isRevoked ? ", REVOKED" : "") + (title.isReplaced ? ", replaced by a later decision" : "")
}

/// Says that others have it, and not whose it is.
func text(_ flag: ReuseFlag) -> String {
    let people = flag.others == 1 ? "1 other person has" : "\(flag.others) other people have"
    return "\(flag.item): \(people) \(flag.kind == .sameObject ? "the same bytes" : "a document of this issuer and number")"
}
