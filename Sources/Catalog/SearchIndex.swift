public import Evidence
internal import Foundation
internal import GRDB
internal import Synchronization
internal import VietnameseText

/// The search index: pages of text and declared metadata, folded from the ledger.
///
/// It may be behind the ledger, never ahead of it, and is never needed to know what the archive holds.
public final class SearchIndex: Sendable {
    private let pool: DatabasePool
    /// Held while records are folded.
    private let turn = Mutex(())
    /// So many records of a catalog are folded: what was true once stays, because records are only added.
    private let folded = Mutex<(catalog: UInt64, records: Int)?>(nil)

    /// Opens the index in the archive's folder, making an empty one when there is none.
    public init(in folder: String) throws(CatalogError) {
        pool = try DatabaseFile.search.open(in: folder)
    }

    /// Deletes the index of the archive's folder; it must not be open.
    public static func delete(in folder: String) throws(CatalogError) {
        try perform("delete the search index") {
            for suffix in ["", "-wal", "-shm"] {
                let path = "\(folder)/\(DatabaseFile.search.rawValue)\(suffix)"
                if FileManager.default.fileExists(atPath: path) { try FileManager.default.removeItem(atPath: path) }
            }
        }
    }

    public func close() throws(CatalogError) {
        try perform("close the search index") { try pool.checkpointAndClose() }
    }

    /// How durable a commit is: 1, because what is lost with the power is folded again.
    package func synchronous() throws(CatalogError) -> Int {
        try perform("ask how durable commits are") { try DatabaseFile.synchronous(of: pool) }
    }

    /// How many records are folded into the index.
    public func recordCount() throws(CatalogError) -> Int {
        try perform("read the search index") { try pool.read { db in try Self.mark(db) } }
    }

    private static func mark(_ db: Database) throws -> Int {
        try Int.fetchOne(db, sql: "SELECT value FROM mark WHERE name = 'records'") ?? 0
    }

    private static func lastLeaf(_ db: Database) throws -> Int64? {
        try Int64.fetchOne(db, sql: "SELECT value FROM mark WHERE name = 'leaf'")
    }

    // MARK: Folding

    /// Records folded in one transaction.
    private static let batch = 2000

    /// Folds the records that were appended since the last call. When it returns, what was committed before the call
    /// can be found.
    ///
    /// - Parameters:
    ///   - limit: only the records before this one.
    ///   - text: gives the bytes of a text object, `nil` where it is damaged: the item is then found by its metadata only.
    public func follow(
        _ catalog: Catalog, upTo limit: Int? = nil, text: (ObjectDescription) -> [UInt8]?, progress: (_ done: Int, _ total: Int) -> Void = { _, _ in }
    ) throws(CatalogError) {
        let total = min(catalog.recordTree.size, limit ?? .max)
        if folded.withLock({ $0.map { $0.catalog == catalog.opening && $0.records >= total } ?? false }) { return }
        try perform("fold records into the search index") {
            // Most often there is nothing to do, and nobody is waited for.
            let (mark, isOurs) = try place(in: catalog)
            if !isOurs || mark < total {
                // One after the other: who looked earlier must not write over what another has folded since.
                try turn.withLock { _ in try follow(catalog, upTo: total, text: text, progress: progress) }
            }
            folded.withLock { $0 = (catalog.opening, $0.map { $0.catalog == catalog.opening ? max($0.records, total) : total } ?? total) }
        }
    }

    /// How many records it has folded, and whether they are those of the catalog.
    private func place(in catalog: Catalog) throws -> (mark: Int, isOurs: Bool) {
        let (mark, leaf) = try pool.read { db in (try Self.mark(db), try Self.lastLeaf(db)) }
        return (mark, try mark == 0 || leaf == catalog.leafMark(ofRecord: mark - 1))
    }

    private func follow(
        _ catalog: Catalog, upTo total: Int, text: (ObjectDescription) -> [UInt8]?, progress: (_ done: Int, _ total: Int) -> Void
    ) throws {
        let isOurs: Bool
        var done: Int
        (done, isOurs) = try place(in: catalog)
        // An index of another past: the archive was restored since, or the file is from elsewhere. Begin again.
        if !isOurs {
            try pool.write { db in
                try db.execute(sql: "DELETE FROM indexed_item; DELETE FROM page; INSERT INTO page_text (page_text) VALUES ('delete-all')")
                try db.execute(sql: "UPDATE mark SET value = 0 WHERE name = 'records'")
            }
            done = 0
        }
        func states(from first: Int) -> Ahead<[Catalog.ItemState]> {
            Ahead { first < total ? try catalog.itemStates(changedBy: first..<min(first + Self.batch, total)) : [] }
        }
        var ahead = states(from: done)
        while done < total {
            let next = min(done + Self.batch, total)
            let changed = try ahead.value()
            ahead = states(from: next)
            let stale = try pool.read { db in try changed.filter { try !Self.isIndexed($0, db) } }
            let items = try catalog.itemTexts(stale.map(\.key))
            try pool.write { db in
                for item in items { try Self.index(item, text: text, db) }
                try db.run("UPDATE mark SET value = ? WHERE name = 'records'", [next])
                try db.run(
                    "INSERT OR REPLACE INTO mark (name, value) VALUES ('leaf', ?)", [try catalog.leafMark(ofRecord: next - 1)])
            }
            done = next
            progress(done, total)
        }
    }

    /// Whether the index shows the item as it is: several records may have led to what is there by now.
    private static func isIndexed(_ state: Catalog.ItemState, _ db: Database) throws -> Bool {
        guard let row = try db.first("SELECT metadata_record, text FROM indexed_item WHERE key = ?", [state.key]) else { return false }
        return row[0] as Int == state.metadataRecord && row[1] as String? == state.text
    }

    /// Indexes an item anew. Rows of an earlier generation stay in the index until the next rebuild, because a
    /// contentless index of SQLite 3.40 deletes only what is handed to it again; no row of `page` leads to them.
    private static func index(_ item: Catalog.ItemText, text: (ObjectDescription) -> [UInt8]?, _ db: Database) throws {
        let view = item.view
        var generation: Int64 = 0
        if let row = try db.first("SELECT generation FROM indexed_item WHERE key = ?", [view.key]) {
            generation = (row["generation"] as Int64) + 1
            guard generation <= 0xFFFF else { throw CatalogError.indexedTooOften(item: view.id) }
            try db.run("DELETE FROM page WHERE item = ?", [view.key])
            try db.run("DELETE FROM indexed_item WHERE key = ?", [view.key])
        }
        let bytes = item.text.flatMap(text)
        // Not REPLACE: a statement that may be undone half-way makes FTS5 write out what it gathered, for each item.
        try db.run(
            """
            INSERT INTO indexed_item (key, id, object, kind, issued_on, generation, metadata_record, text)
            VALUES (?, ?, ?, ?, ?, ?, ?, ?)
            """,
            [
                view.key, view.id.text, view.object.hex, view.metadata.kind.rawValue, view.metadata.issuedOn?.description,
                generation, view.metadataRecord, bytes == nil ? nil : item.text?.digest.hex,
            ])
        let scope = Scope(view.metadata)
        func insert(page number: Int, _ text: String, at range: Range<Int>) throws {
            let key = view.key << 32 | generation << 16 | Int64(0xFFFF - number)
            let exact = SearchForm.exact(text)
            let folded = SearchForm.folded(text)
            // Most pages in other languages have one form, which is then indexed once.
            let isPlain = exact.utf8.elementsEqual(folded.utf8)
            let kind = scope.kind + (number == 0 ? " declared" : "") + (isPlain ? " plain" : "")
            try db.run(
                "INSERT INTO page_text (rowid, exact, folded, kind, issuer, holder) VALUES (?, ?, ?, ?, ?, ?)",
                [key, isPlain ? "" : exact, folded, kind, scope.issuer, scope.holder])
            try db.run(
                "INSERT INTO page (key, item, number, start, length) VALUES (?, ?, ?, ?, ?)",
                [key, view.key, number, range.lowerBound, range.count])
        }
        try insert(page: 0, view.metadata.searchText, at: 0..<0)
        guard let bytes else { return }
        var start = 0
        var number = 1
        while start < bytes.count {
            let end = bytes[start...].firstIndex(of: 0x0C) ?? bytes.count
            if end > start { try insert(page: number, String(decoding: bytes[start..<end], as: UTF8.self), at: start..<end) }
            start = end + 1
            number += 1
        }
    }

    private struct Scope {
        let kind: String
        let issuer: String?
        let holder: String?

        init(_ metadata: EvidenceMetadata) {
            kind = metadata.kind.rawValue
            issuer = metadata.issuer.map(SearchForm.folded)
            holder = metadata.holder.map(SearchForm.folded)
        }
    }

    // MARK: Searching

    /// A page where the query was found.
    public struct Hit: Sendable, Equatable {
        public let item: EvidenceID
        public let object: Digest
        /// From 1; 0 is the item's declared metadata.
        public let page: Int
        /// The text object and the page's bytes in it; `nil` for page 0.
        public let text: Digest?
        public let range: Range<Int>
    }

    /// The keys of items within reach that the filter lets through, newest first, of those before the item with key `before`.
    public func items(_ filter: ItemFilter, before: Int64?, within reach: Reach, limit: Int) throws(CatalogError) -> [Int64] {
        guard let scope = Self.scope(filter) else { return [] }
        let end = before.map { $0 << 32 } ?? .max
        let from = filter.issuedFrom?.description
        let until = filter.issuedUntil?.description
        return try perform("list items") {
            try pool.read { db in
                try Int64.fetchAll(
                    try db.cachedStatement(
                        sql: """
                            SELECT page.item \(Self.source(reach)) AND page_text.rowid < ? ORDER BY page_text.rowid DESC LIMIT ?
                            """),
                    arguments: [Self.declared + scope, from, from, until, until] + reach.arguments + [end, limit])
            }
        }
    }

    /// A word of the column `kind` that stands on page 0 only.
    private static let declared = "kind : \"declared\""

    /// What a search found.
    public struct Result: Sendable, Equatable {
        public let hits: [Hit]
        /// How many pages have all words, counted up to ``countLimit``.
        public let count: Int
        public var isCountCapped: Bool { count >= SearchIndex.countLimit }
    }

    /// Counting stops here, so that a common word costs no more than a rare one.
    public static let countLimit = 1000

    /// Finds pages that have all words of `query`: those with the words in this order and spelling first, then in this
    /// order in any spelling, then in any order; newest item first within each.
    ///
    /// - Parameter isExact: spelling with diacritics matters.
    /// - Returns: `nil` when the query has no word.
    public func search(
        _ query: String, isExact: Bool = false, filter: ItemFilter = ItemFilter(), within reach: Reach, limit: Int, offset: Int = 0
    ) throws(CatalogError) -> Result? {
        let exact = Self.terms(of: SearchForm.exact(query))
        let folded = Self.terms(of: SearchForm.folded(query))
        guard !exact.isEmpty, !folded.isEmpty else { return nil }
        var tiers = [Self.exactly(Self.all, exact)]
        if !isExact { tiers.append(Self.all("folded", folded)) }
        if folded.joined().count > 1 {
            tiers.insert(Self.exactly(Self.phrase, exact), at: 0)
            if !isExact { tiers.insert(Self.phrase("folded", folded), at: 1) }
        }
        guard let scope = Self.scope(filter) else { return Result(hits: [], count: 0) }
        let wanted = offset + limit
        return try perform("search") {
            try pool.read { db in
                var hits: [Hit] = []
                var seen: Set<Int64> = []
                for tier in tiers where hits.count < wanted {
                    let rows = try Self.rows(tier + scope, filter: filter, reach, limit: wanted, db)
                    for row in rows where hits.count < wanted {
                        if seen.insert(row["key"]).inserted, let hit = Self.hit(row) { hits.append(hit) }
                    }
                }
                // The last tier contains all others.
                let count =
                    hits.count < wanted && offset == 0
                    ? hits.count : try Self.count((tiers.last ?? "") + scope, filter: filter, reach, db)
                return Result(hits: Array(hits.dropFirst(offset)), count: count)
            }
        }
    }

    /// The items that have these words one after the other on a page or in their metadata, in any spelling, oldest first.
    public func items(naming name: String) throws(CatalogError) -> [EvidenceID] {
        let terms = Self.terms(of: SearchForm.folded(name))
        guard !terms.isEmpty else { return [] }
        return try perform("look for a name") {
            try pool.read { db in
                try String.fetchAll(
                    db,
                    sql: """
                        SELECT DISTINCT indexed_item.id FROM page_text JOIN page ON page.key = page_text.rowid
                        JOIN indexed_item ON indexed_item.key = page.item
                        WHERE page_text MATCH ? ORDER BY indexed_item.key
                        """, arguments: ["(\(Self.phrase("folded", terms))) OR (\(Self.phrase("holder", terms)))"]
                ).compactMap { EvidenceID($0) }
            }
        }
    }

    /// The query's words: what stands between spaces, each divided as the index divides it.
    private static func terms(of text: String) -> [[String]] {
        text.split(whereSeparator: \.isWhitespace).map { Tokens.of(String($0)).map(String.init) }.filter { !$0.isEmpty }
    }

    /// Words are quoted, so nothing that a person types is FTS5 syntax. Tokens have no quotes in them.
    private static func quoted(_ tokens: [String]) -> String { "\"" + tokens.joined(separator: " ") + "\"" }

    private static func all(_ column: String, _ terms: [[String]]) -> String {
        "\(column) : (" + terms.map(quoted).joined(separator: " AND ") + ")"
    }

    private static func phrase(_ column: String, _ terms: [[String]]) -> String {
        "\(column) : " + quoted(terms.flatMap(\.self))
    }

    /// Words in this very spelling: in the exact form, or in the folded form of a page where the two are one.
    private static func exactly(_ match: (String, [[String]]) -> String, _ terms: [[String]]) -> String {
        "((\(match("exact", terms))) OR (\(plain) AND \(match("folded", terms))))"
    }

    /// A word of the column `kind` of pages whose exact form is their folded form.
    private static let plain = "kind : \"plain\""

    /// The filter as FTS5 has it, to be added to a query; `nil` when it lets nothing through.
    private static func scope(_ filter: ItemFilter) -> String? {
        var scope = ""
        if let kind = filter.kind { scope += " AND kind : " + quoted(Tokens.of(kind.rawValue).map(String.init)) }
        for (column, name) in [("issuer", filter.issuer), ("holder", filter.holder)] {
            guard let name else { continue }
            let tokens = Tokens.of(SearchForm.folded(name)).map(String.init)
            // A name without a word is nobody's.
            if tokens.isEmpty { return nil }
            scope += " AND \(column) : " + quoted(tokens)
        }
        return scope
    }

    /// Who does not reach everything is asked of each row, by the ledger's own tables: the index knows nobody's rights.
    private static func source(_ reach: Reach) -> String {
        let item = reach.isEverything ? "" : "JOIN archive.item ON item.key = indexed_item.key"
        return """
            FROM page_text JOIN page ON page.key = page_text.rowid JOIN indexed_item ON indexed_item.key = page.item \(item)
            WHERE page_text MATCH ? AND (? IS NULL OR indexed_item.issued_on >= ?) AND (? IS NULL OR indexed_item.issued_on <= ?)\(
                reach.item(in: "archive."))
            """
    }

    private static func arguments(_ match: String, _ filter: ItemFilter, _ reach: Reach, _ limit: Int) -> StatementArguments {
        let from = filter.issuedFrom?.description
        let until = filter.issuedUntil?.description
        return [match, from, from, until, until] + reach.arguments + [limit]
    }

    private static func rows(_ match: String, filter: ItemFilter, _ reach: Reach, limit: Int, _ db: Database) throws -> [Row] {
        try Row.fetchAll(
            try db.cachedStatement(
                sql: """
                    SELECT page.key, page.number, page.start, page.length, indexed_item.id, indexed_item.object, indexed_item.text
                    \(source(reach)) ORDER BY page_text.rowid DESC LIMIT ?
                    """),
            arguments: arguments(match, filter, reach, limit))
    }

    private static func count(_ match: String, filter: ItemFilter, _ reach: Reach, _ db: Database) throws -> Int {
        try Int.fetchOne(
            try db.cachedStatement(sql: "SELECT count(*) FROM (SELECT 1 \(source(reach)) LIMIT ?)"),
            arguments: arguments(match, filter, reach, countLimit)) ?? 0
    }

    private static func hit(_ row: Row) -> Hit? {
        guard let item = EvidenceID(row["id"] as String), let object = Digest(hex: row["object"] as String) else { return nil }
        let page: Int = row["number"]
        let start: Int = row["start"]
        let length: Int = row["length"]
        // No page is as long as a text can be; what says so is damaged.
        guard start >= 0, (0...(1 << 40)).contains(length), start < 1 << 40 else { return nil }
        return Hit(
            item: item, object: object, page: page,
            text: page == 0 ? nil : (row["text"] as String?).flatMap { Digest(hex: $0) },
            range: start..<start + length)
    }
}

extension EvidenceMetadata {
    /// What page 0 of an item is found by, one field a line.
    public var searchText: String {
        let code = [codeNumber, codeNotation].compactMap(\.self).joined(separator: "/")
        return [title, code.isEmpty ? nil : code, subject, issuer, holder, fileName].compactMap(\.self).joined(separator: "\n")
    }
}
