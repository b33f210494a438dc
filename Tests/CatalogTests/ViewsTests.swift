import Catalog
import Evidence
import Foundation
import Ledger
import Testing

@Suite("Views", .enabled(if: hasSQLite, sqliteAbsence))
struct ViewsTests {
    @Test func `rebuilding gives the same rows, whatever happened to the views and before`() throws {
        for _ in 0..<3 {
            let folder = try TemporaryFolder()
            var history = RandomHistory()
            print("seed \(history.generator.seed)")
            let what: Comment = "seed \(history.generator.seed)"
            var catalog = try Catalog(in: folder.path, creates: true)
            for step in 0..<30 { try catalog.append(history.drafts(upTo: 5), by: operatorAtConsole, at: moment(step)) }
            try catalog.close()
            let ledger = try folder.dump(historyTables)
            let views = try folder.dump(viewTables)
            #expect(views.split(separator: "\n").count > 60, what)

            for harm in [
                "", "DELETE FROM item; DELETE FROM object WHERE key % 2; DELETE FROM record_subject;",
                "UPDATE item SET title = 'x', key = key + 1000; UPDATE object SET is_damaged = 1 - is_damaged, size = 0;",
            ] {
                try folder.sqlite("archive.sqlite", harm)
                catalog = try Catalog(in: folder.path, creates: true)
                var last = (0, 0)
                try catalog.rebuildViews { last = ($0, $1) }
                #expect(last == (catalog.recordTree.size, catalog.recordTree.size))
                try catalog.close()
                #expect(try folder.dump(viewTables) == views, what)
                #expect(try folder.dump(historyTables) == ledger, what)
            }
        }
    }

    @Test func `the search index that was followed in steps finds what one folded at once finds`() throws {
        for _ in 0..<3 {
            let folder = try TemporaryFolder()
            var history = RandomHistory()
            print("seed \(history.generator.seed)")
            let catalog = try Catalog(in: folder.path, creates: true)
            var index = try SearchIndex(in: folder.path)
            for step in 0..<40 {
                try catalog.append(history.drafts(upTo: 4), by: operatorAtConsole, at: moment(step))
                if step % 3 == 0 || step == 39 {
                    try index.follow(catalog, text: { history.texts[$0.digest] })
                    #expect(try index.recordCount() == catalog.recordTree.size)
                }
            }
            let filters = [
                ItemFilter(), ItemFilter(kind: .workSample), ItemFilter(holder: "nguyen van mau"),
                ItemFilter(issuedFrom: CalendarDate(year: 2025, month: 4, day: 7), issuedUntil: CalendarDate(year: 2025, month: 9, day: 7)),
            ]
            let queries = RandomHistory.words + ["đồng tháp", "dong thap", "học tập", "hoc tap", "677/QĐ-TTg", "công dân học tập", "vang"]
            func answers() throws -> [SearchIndex.Result?] {
                try filters.flatMap { filter in
                    try queries.flatMap { query in
                        try [false, true].flatMap { isExact in
                            [
                                try index.search(query, isExact: isExact, filter: filter, within: .everything, limit: 20),
                                try index.search(query, isExact: isExact, filter: filter, within: .everything, limit: 5, offset: 3),
                            ]
                        }
                    }
                }
            }
            let stepwise = try answers()
            #expect(stepwise.compactMap { $0 }.contains { !$0.hits.isEmpty })
            try index.close()
            try SearchIndex.delete(in: folder.path)
            index = try SearchIndex(in: folder.path)
            #expect(try index.recordCount() == 0)
            #expect(try index.search("học", within: .everything, limit: 5)?.hits == [])
            try index.follow(catalog, text: { history.texts[$0.digest] })
            #expect(try answers() == stepwise, "seed \(history.generator.seed)")
            try index.close()
            try catalog.close()
        }
    }

    @Test func `a list of pieces that is not the recorded one is never used`() throws {
        let folder = try TemporaryFolder()
        let pieces = [Digest(of: "1".utf8), Digest(of: "2".utf8)]
        let large = ObjectDescription(digest: Digest(of: "12".utf8), size: 2 << 20, pieceListDigest: Digest(of: pieces.flatMap(\.bytes)))
        var catalog = try Catalog(in: folder.path, creates: true)
        try catalog.append([deposit(large)], by: operatorAtConsole, at: moment(0), pieceLists: [large.digest: pieces])
        #expect(try catalog.pieces(of: large) == pieces)
        let small = object(1)
        #expect(try catalog.pieces(of: small) == [small.digest])
        for harm in [
            "UPDATE piece_list SET pieces = zeroblob(64)", "UPDATE piece_list SET pieces = substr(pieces, 1, 32)",
            "UPDATE piece_list SET pieces = CAST(pieces || x'00' AS BLOB)",
            "UPDATE piece_list SET pieces = CAST(substr(pieces, 33) || substr(pieces, 1, 32) AS BLOB)",
            "DELETE FROM piece_list",
        ] {
            try catalog.close()
            try folder.sqlite("archive.sqlite", harm + ";")
            catalog = try Catalog(in: folder.path, creates: true)
            guard case .pieceListDamaged(large.digest) = try catalogError({ _ = try catalog.pieces(of: large) }) else {
                Issue.record("\(harm)")
                continue
            }
            #expect(try !catalog.hasPieces(of: large))
            try catalog.restorePieces(pieces, of: large.digest)
            #expect(try catalog.pieces(of: large) == pieces)
        }
        try catalog.close()
    }

    // MARK: Plans

    /// What the catalog asks, and the index that has to answer it.
    static let plans: [(what: String, database: String, sql: String, index: String)] = [
        (
            "an item by id", "archive.sqlite",
            "SELECT item.*, object.size FROM item JOIN object ON object.digest = item.object WHERE item.id = 'ev-1'",
            "SEARCH item USING INDEX sqlite_autoindex_item_1 (id=?)"
        ),
        (
            "items by the beginning of an id", "archive.sqlite",
            "SELECT * FROM item JOIN object ON object.digest = item.object WHERE item.id >= 'ev-1' AND item.id < 'ev-1~' LIMIT 5",
            "SEARCH item USING INDEX sqlite_autoindex_item_1 (id>? AND id<?)"
        ),
        (
            "items by object", "archive.sqlite",
            "SELECT * FROM item JOIN object ON object.digest = item.object WHERE item.object = 'ab' ORDER BY item.key",
            "SEARCH item USING INDEX item_by_object (object=?)"
        ),
        (
            "an earlier deposit", "archive.sqlite",
            "SELECT id FROM item WHERE object = 'ab' AND holder IS 'x' AND file_name IS 'y' ORDER BY key LIMIT 1",
            "SEARCH item USING INDEX item_by_object (object=?)"
        ),
        (
            "an object by digest", "archive.sqlite", "SELECT * FROM object WHERE digest = 'ab'",
            "SEARCH object USING INDEX sqlite_autoindex_object_1 (digest=?)"
        ),
        (
            "objects by their first byte", "archive.sqlite", "SELECT digest FROM object WHERE digest >= 'ab' AND digest < 'abg'",
            "SEARCH object USING COVERING INDEX sqlite_autoindex_object_1 (digest>? AND digest<?)"
        ),
        (
            "what waits for extraction", "archive.sqlite",
            "SELECT * FROM object WHERE extraction_record IS NULL AND is_evidence = 1 AND is_damaged = 0 AND erased_record IS NULL AND key > 5 ORDER BY key LIMIT 500",
            "object_to_extract"
        ),
        (
            "how much waits for extraction", "archive.sqlite",
            "SELECT count(*) FROM object WHERE extraction_record IS NULL AND is_evidence = 1 AND is_damaged = 0 AND erased_record IS NULL",
            "object_to_extract"
        ),
        ("damaged objects", "archive.sqlite", "SELECT count(*) FROM object WHERE is_damaged = 1", "object_damaged"),
        (
            "records about a subject", "archive.sqlite", "SELECT number FROM record_subject WHERE subject = 'ev-1' ORDER BY number",
            "SEARCH record_subject USING PRIMARY KEY (subject=?)"
        ),
        (
            "a record", "archive.sqlite",
            "SELECT header, salt, body, hash FROM record LEFT JOIN record_body USING (number) LEFT JOIN record_node ON level = 0 AND position = record.number WHERE record.number = 5",
            "SEARCH record_node USING PRIMARY KEY (level=? AND position=?)"
        ),
        (
            "what was not checked for longest", "service.sqlite",
            "SELECT checked_at, object FROM fixity_check WHERE checked_at < 'x' AND (checked_at, object) > ('', '') ORDER BY checked_at, object LIMIT 500",
            "fixity_check_by_age"
        ),
        (
            "pages of a search", "search.sqlite",
            "SELECT page.key, indexed_item.id FROM page_text JOIN page ON page.key = page_text.rowid JOIN indexed_item ON indexed_item.key = page.item WHERE page_text MATCH 'exact : (\"a\")' AND (NULL IS NULL OR issued_on >= NULL) ORDER BY page_text.rowid DESC LIMIT 20",
            "SEARCH page USING INTEGER PRIMARY KEY (rowid=?)"
        ),
        (
            "items of a search", "search.sqlite",
            "SELECT page.key, indexed_item.id FROM page_text JOIN page ON page.key = page_text.rowid JOIN indexed_item ON indexed_item.key = page.item WHERE page_text MATCH 'exact : (\"a\")' ORDER BY page_text.rowid DESC LIMIT 20",
            "SEARCH indexed_item USING INTEGER PRIMARY KEY (rowid=?)"
        ),
    ]

    @Test("an index answers", arguments: plans)
    func plan(what: String, database: String, sql: String, index: String) throws {
        let folder = try TemporaryFolder()
        try Catalog(in: folder.path, creates: true).close()
        try SearchIndex(in: folder.path).close()
        let plan = try folder.sqlite(database, "EXPLAIN QUERY PLAN \(sql);")
        #expect(plan.contains(index), "\(what): \(plan)")
        #expect(!plan.contains("TEMP B-TREE"), "\(what): \(plan)")
        // A scan may only walk an index, in order and from where it left, or the virtual table, which is one.
        for line in plan.split(separator: "\n") where line.contains("SCAN") {
            #expect(line.contains("USING") || line.contains("VIRTUAL TABLE"), "\(what): \(plan)")
        }
    }
}
