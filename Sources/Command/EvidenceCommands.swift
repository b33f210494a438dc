internal import ArgumentParser
internal import Custody
internal import Evidence
internal import Ledger

struct Cite: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Cite evidence for an indicator of a dossier.",
        discussion: """
            A citation names the item, exactly its bytes, the pages, and the text that was read of them. An item may serve many \
            indicators, and many years: where it was cited in another cycle, --reaffirm says that it still proves the indicator.

            EXAMPLES
              minhchung cite do-7h2k A2 ev-4m1c --pages 1,3-4 --role citizen
              minhchung cite do-7h2k B1 ev-9q4m --pages 1 --region 100,200,800,300 --role assistant
            """)

    @OptionGroup var options: ArchiveOptions
    @OptionGroup var role: RoleOption
    @Option(help: "Pages from 1, e.g. 1,3-4 (default: the whole).")
    var pages: String?
    @Option(help: "A part of the one page: x,y,width,height in thousandths of the page, from its upper left corner.")
    var region: String?
    @Option(help: "What is to be seen there.")
    var note: String?
    @Flag(help: "It was used in another year, and it still proves the indicator.")
    var reaffirm = false
    @Argument(help: "The dossier's id, or enough of the beginning of it.")
    var dossier: String
    @Argument(help: "The indicator, e.g. B2.")
    var indicator: String
    @Argument(help: "The evidence item.")
    var item: String

    func run() async throws {
        let (code, role) = (try indicatorCode(indicator), try role.chosen())
        let (pages, region) = (try pages.map(Self.pages) ?? [], try region.map(Self.region))
        let note = try note.map { try recordable($0, "note") }
        let citation = try await options.withArchive {
            try await $0.cite(
                dossier, code, item: item, pages: pages, region: region, note: note, reaffirms: reaffirm, role: role, by: options.actor)
        }
        if options.json {
            printLine(json(citation).canonicalText)
        } else if !options.quiet {
            printLine(visible("\(citation.id): \(citation.indicator) of \(citation.dossier) cites \(text(citation))"))
        }
    }

    /// A reader has at most 2,000 pages; more are none.
    private static let pageLimit = 2000

    private static func pages(_ text: String) throws -> [Int] {
        try text.split(separator: ",", omittingEmptySubsequences: false).flatMap { part in
            let ends = part.split(separator: "-", omittingEmptySubsequences: false).map { Int($0) }
            guard (1...2).contains(ends.count), let first = ends[0], let last = ends[ends.count - 1], first >= 1, first <= last, last <= pageLimit
            else { throw Failure("cannot take pages \"\(text)\": write them as 1,3-4, in ascending order, from 1 to \(pageLimit)") }
            return Array(first...last)
        }
    }

    private static func region(_ text: String) throws -> PageRegion {
        let parts = text.split(separator: ",", omittingEmptySubsequences: false).compactMap { Int($0) }
        guard parts.count == 4, let region = PageRegion(x: parts[0], y: parts[1], width: parts[2], height: parts[3]) else {
            throw Failure("cannot take region \"\(text)\": write x,y,width,height in thousandths of the page, e.g. 100,200,800,300")
        }
        return region
    }
}

func indicatorCode(_ text: String) throws -> IndicatorCode {
    guard let code = IndicatorCode(text.uppercased()) else {
        throw Failure("cannot take indicator \"\(text)\": it is a letter and a number, e.g. B2")
    }
    return code
}

struct Uncite: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Take a citation back; that it was made stays in the ledger.",
        discussion: """
            EXAMPLE
              minhchung uncite ci-7h2k --reason "nộp nhầm bản" --role citizen
            """)

    @OptionGroup var options: ArchiveOptions
    @OptionGroup var role: RoleOption
    @Option(help: "Why.")
    var reason: String
    @Argument(help: "The citation's id, or enough of the beginning of it.")
    var citation: String

    func run() async throws {
        let (role, reason) = (try role.chosen(), try recordable(reason, "reason"))
        try await options.withArchive { try await $0.withdrawCitation(citation, reason: reason, role: role, by: options.actor) }
        if options.json {
            printJSON(["citation": .string(citation), "withdrawn": .bool(true)])
        } else if !options.quiet {
            printLine("took back \(visible(citation))")
        }
    }
}

struct GiveScores: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "score", abstract: "Give a dossier scores of one kind.",
        discussion: """
            Kinds are kept apart, and earlier scores stay in the ledger. A score that the rules refuse is told in their words, and \
            nothing is recorded. 5p means: carried out, but not in full.

            EXAMPLE
              minhchung score do-7h2k self A1=8 A2=9,5 A3=9 A4=8 B1=10 B2=5p B3=9 B4=8 C1=10 C2=9 --role citizen
            """)

    @OptionGroup var options: ArchiveOptions
    @OptionGroup var role: RoleOption
    @Option(help: "Why they are given so.")
    var reason: String?
    @Argument(help: "The dossier's id, or enough of the beginning of it.")
    var dossier: String
    @Argument(help: "One of: \(ScoreKind.allCases.map(\.rawValue).joined(separator: ", ")).")
    var kind: String
    @Argument(help: "INDICATOR=POINTS, e.g. A1=8, A2=9.5, B4=5p.")
    var scores: [String]

    func run() async throws {
        let (kind, role, sheet) = (try choice(kind, "kind", ScoreKind.self), try role.chosen(), try Self.sheet(scores))
        let reason = try reason.map { try recordable($0, "reason") }
        try await options.withArchive { try await $0.score(dossier, kind, sheet, role: role, reason: reason, by: options.actor) }
        let sum = sheet.values.reduce(Points.zero) { $0 + $1.points }
        if options.json {
            printJSON(["dossier": .string(dossier), "kind": .string(kind.rawValue), "scores": json(sheet), "sum": json(sum)])
        } else if !options.quiet {
            printLine("gave \(visible(dossier)) \(sheet.count) \(kind.rawValue) scores, \(sum) points")
        }
    }

    private static func sheet(_ entries: [String]) throws -> [IndicatorCode: Score] {
        var sheet: [IndicatorCode: Score] = [:]
        for entry in entries {
            let parts = entry.split(separator: "=", omittingEmptySubsequences: false)
            guard parts.count == 2 else { throw Failure("cannot take score \"\(entry)\": write INDICATOR=POINTS, e.g. A1=8, A2=9.5, B4=5p") }
            let code = try indicatorCode(String(parts[0]))
            let isPartial = parts[1].hasSuffix("p")
            guard let points = Points(isPartial ? parts[1].dropLast() : parts[1]) else {
                throw Failure("cannot take score \"\(entry)\": \"\(parts[1])\" is no number of points; write 8, 9.5, or 5p for what is done in part")
            }
            guard sheet.updateValue(Score(points: points, isPartial: isPartial), forKey: code) == nil else {
                throw Failure("cannot take the scores: \(code) is there twice; give it once")
            }
        }
        return sheet
    }
}

struct EvidenceFindings: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "evidence", abstract: "Record what is found of the truth of evidence.",
        discussion: """
            EXAMPLES
              minhchung evidence verify ev-7h2k verified --how original-seen --role reviewer
              minhchung evidence supersede ev-7h2k --by ev-4m1c --reason "bản có xác nhận" --role citizen
            """,
        subcommands: [VerifyEvidence.self, SupersedeEvidence.self])
}

struct VerifyEvidence: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "verify", abstract: "Record what a reviewer found of the truth of an item.",
        discussion: """
            EXAMPLES
              minhchung evidence verify ev-7h2k verified --how issuer-confirmed --role appraiser
              minhchung evidence verify ev-7h2k needs-more --reason "chưa có xác nhận của đơn vị" --role reviewer
            """)

    static let states = VerificationState.allCases.filter { ![.submitted, .superseded].contains($0) }.map(\.rawValue)

    @OptionGroup var options: ArchiveOptions
    @OptionGroup var role: RoleOption
    @Option(help: "How it was verified: \(VerificationMethod.allCases.map(\.rawValue).joined(separator: ", ")).")
    var how: String?
    @Option(help: "Why; needed for all but in-review and verified.")
    var reason: String?
    @Argument(help: "The evidence item.")
    var item: String
    @Argument(help: "One of: \(VerifyEvidence.states.joined(separator: ", ")).")
    var state: String

    func run() async throws {
        let (state, role) = (try choice(state, "state", VerificationState.self), try role.chosen())
        let (method, reason) = (try how.map { try choice($0, "how", VerificationMethod.self) }, try reason.map { try recordable($0, "reason") })
        try await options.withArchive {
            try await $0.verifyEvidence(item, state, method: method, reason: reason, role: role, by: options.actor)
        }
        if options.json {
            printJSON(["item": .string(item), "state": .string(state.rawValue), "how": .text(method?.rawValue)])
        } else if !options.quiet {
            printLine("\(visible(item)) is \(state.rawValue)" + (method.map { ", \($0.rawValue)" } ?? ""))
        }
    }
}

struct SupersedeEvidence: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "supersede", abstract: "Put other bytes in the place of an item; what was reviewed with it is reviewed again.",
        discussion: """
            The new item has a verification of its own. Dossiers under review that cite the old one go back to the beginning of their \
            review; cite the new one there.

            EXAMPLE
              minhchung evidence supersede ev-7h2k --by ev-4m1c --reason "bản có xác nhận" --role citizen
            """)

    @OptionGroup var options: ArchiveOptions
    @OptionGroup var role: RoleOption
    @Option(help: "The item that takes its place.")
    var by: String
    @Option(help: "Why.")
    var reason: String
    @Argument(help: "The evidence item.")
    var item: String

    func run() async throws {
        let (role, reason) = (try role.chosen(), try recordable(reason, "reason"))
        let reopened = try await options.withArchive {
            try await $0.supersedeEvidence(item, by: by, reason: reason, role: role, by: options.actor)
        }
        if options.json {
            printJSON(["item": .string(item), "by": .string(by), "reopened": .array(reopened.map { .string($0.text) })])
        } else if !options.quiet {
            printLine("\(visible(item)) is superseded by \(visible(by))")
            for dossier in reopened { printLine("\(dossier) is to be reviewed again") }
        }
    }
}
