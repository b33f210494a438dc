internal import ArgumentParser
internal import Custody
internal import Evidence
internal import Ledger
internal import Web

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

    static func pages(_ text: String) throws -> [Int] {
        try text.split(separator: ",", omittingEmptySubsequences: false).flatMap { part in
            let ends = part.split(separator: "-", omittingEmptySubsequences: false).map { Int($0) }
            guard (1...2).contains(ends.count), let first = ends[0], let last = ends[ends.count - 1], first >= 1, first <= last, last <= pageLimit
            else { throw Failure("cannot take pages \"\(text)\": write them as 1,3-4, in ascending order, from 1 to \(pageLimit)") }
            return Array(first...last)
        }
    }

    static func region(_ text: String) throws -> PageRegion {
        let parts = text.split(separator: ",", omittingEmptySubsequences: false)
        let numbers = parts.compactMap { Int($0) }
        guard parts.count == 4, numbers.count == 4,
            let region = PageRegion(x: numbers[0], y: numbers[1], width: numbers[2], height: numbers[3])
        else {
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
        let withdrawn = try await options.withArchive {
            try await $0.withdrawCitation(citation, reason: reason, role: role, by: options.actor)
        }
        if options.json {
            printJSON(["citation": .string(withdrawn.text), "withdrawn": .bool(true)])
        } else if !options.quiet {
            printLine("took back \(withdrawn)")
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
        let scored = try await options.withArchive { try await $0.score(dossier, kind, sheet, role: role, reason: reason, by: options.actor) }
        let sum = sheet.values.reduce(Points.zero) { $0 + $1.points }
        if options.json {
            printJSON(["dossier": .string(scored.id.text), "kind": .string(kind.rawValue), "scores": json(sheet), "sum": json(sum)])
        } else if !options.quiet {
            printLine("gave \(scored.id) \(sheet.count) \(kind.rawValue) scores, \(sum) points")
        }
    }

    static func sheet(_ entries: [String]) throws -> [IndicatorCode: Score] {
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
        subcommands: [VerifyEvidence.self, SupersedeEvidence.self, ListEvidence.self])
}

struct VerifyEvidence: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "verify", abstract: "Record what a reviewer found of the truth of an item.",
        discussion: """
            EXAMPLES
              minhchung evidence verify ev-7h2k verified --how issuer-confirmed --role appraiser
              minhchung evidence verify ev-7h2k needs-more --reason "chưa có xác nhận của đơn vị" --role reviewer
            """)

    static let states = VerificationState.allCases.filter { ![.submitted, .superseded, .erased].contains($0) }.map(\.rawValue)

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
        let verified = try await options.withArchive {
            try await $0.verifyEvidence(item, state, method: method, reason: reason, role: role, by: options.actor)
        }
        if options.json {
            printJSON(["item": .string(verified.text), "state": .string(state.rawValue), "how": .text(method?.rawValue)])
        } else if !options.quiet {
            printLine("\(verified) is \(state.rawValue)" + (method.map { ", \($0.rawValue)" } ?? ""))
        }
    }
}

struct SupersedeEvidence: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "supersede", abstract: "Put other bytes in the place of an item; what was reviewed with it is reviewed again.",
        discussion: """
            The new item has a verification of its own. Dossiers under review that cite the old one go back to the beginning of their \
            review. The new item can be cited only while a dossier is declared: one that is submitted has to be returned first (minhchung \
            dossier step return), and declared again.

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

struct ListEvidence: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "list", abstract: "List items by what a reviewer found, or by the day of issue, of upload, or of the end of their validity.",
        discussion: """
            EXAMPLES
              minhchung evidence list --state submitted
              minhchung evidence list --state needs-more --limit 20 --after ev-7h2k9q4m1c8r5t0w
              minhchung evidence list --issued 2025-01-01..2025-12-31
              minhchung evidence list --valid-until 2025-01-01..2025-12-31
              minhchung evidence list --uploaded 2025-11-01..2025-11-30
            """)

    @OptionGroup var options: ArchiveOptions
    @Option(help: "What a reviewer found: \(VerificationState.allCases.map(\.rawValue).joined(separator: ", ")).")
    var state: String?
    @Option(help: "They were issued on a day of these: FIRST..LAST.")
    var issued: String?
    @Option(help: "Their validity ends on a day of these: FIRST..LAST.")
    var validUntil: String?
    @Option(help: "They were handed in on a day of these (UTC): FIRST..LAST.")
    var uploaded: String?
    @Option(help: "At most so many.")
    var limit = 50
    @Option(help: "With --state: go on after this item, the last one of the page before.")
    var after: String?

    func validate() throws {
        guard [state, issued, validUntil, uploaded].compactMap(\.self).count == 1 else {
            throw ValidationError("give one of --state, --issued, --valid-until and --uploaded")
        }
        guard after == nil || state != nil else { throw ValidationError("--after goes with --state; narrow the days of the others") }
        guard (1...1000).contains(limit) else { throw ValidationError("--limit is between 1 and 1000") }
    }

    func run() async throws {
        let question = try question()
        let found = try await options.withArchive { try await $0.evidence(question, limit: limit, by: options.actor) }
        for entry in found {
            let (item, metadata) = (entry.item, entry.item.metadata)
            if options.json {
                printJSON(members(entry))
            } else {
                let name = metadata.title ?? metadata.fileName ?? "untitled"
                printLine(
                    "\(item.id)  \(entry.verification.rawValue.padded(to: 10))  issued \((metadata.issuedOn?.description ?? "-").padded(to: 10))  "
                        + "uploaded \(item.depositedAt.date)  looked at \((entry.verifiedAt?.date.description ?? "-").padded(to: 10))  \(visible(name))"
                )
            }
        }
        if state != nil, !options.json, !options.quiet, found.count == limit, let last = found.last {
            printLine("more with: --after \(last.item.id)")
        }
    }

    func question() throws -> EvidenceQuestion {
        if let state {
            let cursor = try after.map { text in
                guard let id = EvidenceID(text) else { throw ArchiveError.noSuchItem(text) }
                return id
            }
            return .verification(try choice(state, "state", VerificationState.self), after: cursor)
        }
        if let issued { return .issued(try days(issued)) }
        return try validUntil.map { .validUntil(try days($0)) } ?? .uploaded(try days(uploaded ?? ""))
    }

    private func days(_ text: String) throws -> ClosedRange<CalendarDate> {
        guard let dots = text.firstRange(of: ".."), let first = CalendarDate(text[..<dots.lowerBound]),
            let last = CalendarDate(text[dots.upperBound...]), first <= last
        else {
            throw Failure("cannot take the days \"\(text)\": write FIRST..LAST, e.g. 2025-11-01..2025-11-30")
        }
        return first...last
    }
}
