internal import ArgumentParser
internal import Custody
internal import Evidence
internal import Glibc
internal import Ledger
internal import Web

struct Show: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Show all that is known of an item.",
        discussion: """
            EXAMPLE
              minhchung show ev-7h2k
            """)

    @OptionGroup var options: ArchiveOptions

    @Argument(help: "The item's id, or enough of the beginning of it.")
    var item: String

    func run() async throws {
        let account = try await options.withArchive { try await $0.item(item, by: options.actor) }
        options.json ? printJSON(members(account)) : printLines(account)
    }

    private func printLines(_ account: ItemAccount) {
        func line(_ name: String, _ value: (some CustomStringConvertible)?) {
            guard let value else { return }
            printLine(name.padded(to: 14) + visible(value.description))
        }
        let metadata = account.metadata
        line("item", account.id)
        line("title", metadata.title)
        line("kind", metadata.kind.rawValue)
        line("issuer", metadata.issuer)
        line("code", [metadata.codeNumber, metadata.codeNotation].compactMap(\.self).joined(separator: "/").nonEmpty)
        line("subject", metadata.subject)
        line("issued", metadata.issuedOn)
        line("valid from", metadata.validFrom)
        line("valid until", metadata.validUntil)
        line("holder", metadata.holder)
        line("person", metadata.person)
        line("language", metadata.language)
        line("file name", metadata.fileName)
        line("assurance", metadata.assurance.rawValue)
        line("object", account.object.digest)
        line("size", "\(account.object.size) bytes")
        if account.isDamaged { line("DAMAGED", "the last check found the object missing or changed; see minhchung verify") }
        line(
            "deposited",
            "\(account.depositedAt) by \(account.depositor.account)"
                + (account.depositor.actingAs.map { " acting as \($0)" } ?? "") + ", record \(account.depositRecord)")
        line("verification", account.verification.rawValue)
        line("superseded by", account.supersededBy)
        for (header, found) in account.findings {
            line(
                "finding",
                "\(found.state.rawValue)\(found.method.map { ", \($0.rawValue)" } ?? ""), by \(found.role.rawValue) \(header.actor.principal)"
                    + ", record \(header.number)" + (found.reason.map { ": \($0)" } ?? "")
                    + (header.number < account.metadataRecord ? " (before it was described anew)" : ""))
        }
        if let finding = account.extraction {
            line(
                "text",
                finding.state.rawValue + (finding.pageCount.map { ", \($0) pages" } ?? "")
                    + (account.extractionRecord.map { ", record \($0)" } ?? ""))
            line("  type", finding.mediaType)
            line("  reason", finding.reason)
            line("  incomplete", finding.incomplete)
            line("  digest", finding.text?.digest)
            line("  tool", finding.tool)
            for (key, value) in finding.facts.sorted(by: { $0.key < $1.key }) { line("  \(key)", value) }
        } else {
            line("text", "not read yet")
        }
        for suggestion in account.suggestions { line("suggested", "\(suggestion.field): \(suggestion.value) (unconfirmed)") }
        for header in account.history {
            line("record \(header.number)", "\(header.kind), \(header.time), \(header.actor.account)")
        }
    }
}

/// The filters of `list` and `search`.
struct FilterOptions: ParsableArguments {
    @Option(help: "Only of this kind: \(EvidenceKind.allCases.map(\.rawValue).joined(separator: ", ")).")
    var kind: String?
    @Option(help: "Only from this issuer: words of the name, in any spelling.")
    var issuer: String?
    @Option(help: "Only of this holder: words of the name, in any spelling.")
    var holder: String?
    @Option(help: "Only issued on this day or later.")
    var issuedFrom: String?
    @Option(help: "Only issued on this day or earlier.")
    var issuedUntil: String?

    func filter() throws -> FindFilter {
        FindFilter(
            kind: try kind.map { try choice($0, "kind", EvidenceKind.self) }, issuer: issuer, holder: holder,
            issuedFrom: try issuedFrom.map { try date($0, "issued-from") },
            issuedUntil: try issuedUntil.map { try date($0, "issued-until") })
    }
}

struct List: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "List items, newest deposit first.",
        discussion: """
            EXAMPLES
              minhchung list --holder "tran thi thi du"
              minhchung list --limit 20 --before ev-7h2k9q4m1c8r5t0w
            """)

    @OptionGroup var options: ArchiveOptions
    @OptionGroup(title: "Filters") var filters: FilterOptions

    @Option(help: "How many items.")
    var limit = 50

    @Option(help: "Go on after this item, the last one of the page before.")
    var before: String?

    func validate() throws {
        guard (1...10_000).contains(limit) else { throw ValidationError("--limit is between 1 and 10000") }
    }

    func run() async throws {
        let filter = try filters.filter()
        let cursor = try before.map { text in
            guard let id = EvidenceID(text) else { throw ArchiveError.noSuchItem(text) }
            return id
        }
        let items = try await options.withArchive {
            try await $0.items(filter, before: cursor, limit: limit, by: options.actor)
        }
        for item in items {
            if options.json {
                printJSON(members(item))
            } else {
                let name = item.metadata.title ?? item.metadata.fileName ?? "untitled"
                let holder = item.metadata.holder.map { " · \($0)" } ?? ""
                printLine(
                    "\(item.id)  \(item.depositedAt.date)  \(byteCount(item.size).padded(to: 9)) "
                        + "\((item.extraction?.rawValue ?? "to read").padded(to: 13)) \(visible(name + holder))")
            }
        }
        if !options.json, !options.quiet, items.count == limit, let last = items.last {
            printLine("more with: --before \(last.id)")
        }
    }
}

struct Search: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Find pages by their words.",
        discussion: """
            All words have to be on a page. Diacritics, case and tone placement do not matter unless --exact is given. Pages \
            with the words in this order and spelling come first.

            EXAMPLES
              minhchung search "dong thap"
              minhchung search --exact "Đồng Tháp" --kind decision --issued-from 2022-01-01
            """)

    @OptionGroup var options: ArchiveOptions
    @OptionGroup(title: "Filters") var filters: FilterOptions

    @Flag(help: "Diacritics matter.")
    var exact = false

    @Option(help: "How many pages.")
    var limit = 20

    @Option(help: "Pass over so many pages first.")
    var offset = 0

    @Argument(help: "The words.")
    var query: [String]

    func validate() throws {
        guard (1...1000).contains(limit) else { throw ValidationError("--limit is between 1 and 1000") }
        guard (0...100_000).contains(offset) else { throw ValidationError("--offset is between 0 and 100000") }
    }

    func run() async throws {
        let filter = try filters.filter()
        let answer = try await options.withArchive {
            try await $0.search(
                query.joined(separator: " "), isExact: exact, filter: filter, limit: limit, offset: offset, by: options.actor)
        }
        let isTerminal = isatty(STDOUT_FILENO) == 1
        for hit in answer.hits {
            if options.json {
                printJSON(members(hit))
            } else {
                let name = hit.metadata.title ?? hit.metadata.fileName ?? "untitled"
                let place = hit.page == 0 ? "metadata" : "page \(hit.page)"
                printLine("\(hit.item)  \(place)  \(visible(name))" + (hit.metadata.holder.map { " · \(visible($0))" } ?? ""))
                printLine(
                    "    " + (hit.snippet.map { highlighted($0.text, $0.matches, isTerminal) } ?? "(the text is damaged; see minhchung verify)"))
            }
        }
        if !options.json, !options.quiet {
            printLine("\(answer.isCountCapped ? "\(answer.count) or more" : "\(answer.count)") pages found")
        }
    }

    private func highlighted(_ text: String, _ matches: [Range<String.Index>], _ isTerminal: Bool) -> String {
        guard isTerminal else { return visible(text) }
        var result = ""
        var index = text.startIndex
        for match in matches {
            result += visible(String(text[index..<match.lowerBound])) + "\u{1B}[1m" + visible(String(text[match])) + "\u{1B}[0m"
            index = match.upperBound
        }
        return result + visible(String(text[index...]))
    }
}

extension String {
    var nonEmpty: String? { isEmpty ? nil : self }

    func padded(to width: Int) -> String {
        self + String(repeating: " ", count: max(0, width - count))
    }
}
