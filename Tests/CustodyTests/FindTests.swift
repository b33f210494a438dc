import Custody
import Evidence
import Foundation
import Testing

@Suite("Finding", .serialized, .timeLimit(.minutes(10)))
struct FindTests {
    @Test func `Vietnamese is found in any spelling, and in its own when that is asked for`() async throws {
        let place = try TestPlace()
        try await place.archive { archive in
            let composed = "Tỉnh Đồng Tháp học tập".precomposedStringWithCanonicalMapping
            let decomposed = composed.decomposedStringWithCanonicalMapping
            try #require(Array(composed.utf8) != Array(decomposed.utf8))
            let texts = [composed, decomposed, "tinh dong thap khong dau", "đống thấp", "Tháp Đồng", "khác hẳn"]
            let sources = try texts.enumerated().map { try place.source("\($0).txt", $1) }
            let deposited = try await archive.depositAll(sources, extracts: true)
            #expect(deposited.summary.extraction.states == [.extracted: 6])
            let items = try (0..<6).map { try #require(deposited.new[$0]?.item) }
            func found(_ query: String, isExact: Bool = false) async throws -> [Int] {
                try await archive.found(query, isExact: isExact).map { try #require(items.firstIndex(of: $0)) }
            }

            // Words in this order and spelling, then in this order in any spelling, then in any order; newest first.
            for query in ["Đồng Tháp", "đồng tháp", "ĐỒNG THÁP", "Đồng Tháp".decomposedStringWithCanonicalMapping] {
                #expect(try await found(query) == [1, 0, 3, 2, 4], "\(query)")
                #expect(try await found(query, isExact: true) == [1, 0, 4], "\(query)")
            }
            // Without diacritics the exact spelling is the one without.
            #expect(try await found("dong thap") == [2, 3, 1, 0, 4])
            #expect(try await found("dong thap", isExact: true) == [2])
            #expect(try await found("đống thấp", isExact: true) == [3])
            #expect(try await found("khong") == [2])
            #expect(try await found("dong thap khac").isEmpty)

            let answer = try await archive.search("dong thap", limit: 2, offset: 1, by: console)
            #expect(answer.hits.map(\.item) == [items[3], items[1]] && answer.count == 5 && !answer.isCountCapped)
            for hit in answer.hits {
                let snippet = try #require(hit.snippet)
                #expect(hit.page == 1 && !snippet.matches.isEmpty)
            }
            let one = try await archive.search("tap", by: console)
            let snippet = try #require(one.hits.first?.snippet)
            #expect(snippet.matches.map { Array(snippet.text[$0].utf8) } == [Array("tập".precomposedStringWithCanonicalMapping.utf8)])
        }
    }

    /// What FTS5 would take for syntax, SQL for its end, and C for the end of a string.
    static let queries = [
        "\"", "\"\"", "\"học", "học\"", "\"học tập\"", "*", "học*", "*học", "NEAR(", "NEAR(học tập)", "NEAR(học tập, 5)", "-", "-học", "học -tập",
        ":",
        "exact:học", "exact : học", "nosuchcolumn:học", "kind : report", "{exact folded}: học", "^học", "học + tập", "AND", "OR", "NOT", "học AND",
        "AND học", "học OR tập", "NOT học", "(", ")", "(học", "học)", "((((", "học;", "'; DROP TABLE page; --", "' OR 1=1 --", "\\", "học\\",
        "\0", "học\0tập", "%", "_", "?", "?1", ":x", "@x", "$x", "...", "…", "—", "🙂", "học 🙂", "\u{301}", "a\u{301}\u{302}\u{303}", "\u{200B}",
        "\u{FEFF}",
        "\n", "\t \r\n", "", " ", "\u{3000}", "học\u{3000}tập", "677/QĐ-TTg", "a.b,c;d", "1e309", "0x", "NULL", "học'tập", "<b>", "&amp;",
        "\u{202E}học",
        "ﬁ", "①", "ñ", "ß", "İ", "ı", "Ω", "日本語", "\u{1100}\u{1161}", "\u{F0B7}", "\u{10FFFF}", "\u{E000}",
        String(repeating: "học ", count: 3000), String(repeating: "a", count: 100_000), String(repeating: "(", count: 5000),
        String(repeating: "\u{301}", count: 5000), String(repeating: "\"", count: 999),
    ]

    @Test func `nothing that a person types is syntax`() async throws {
        let place = try TestPlace()
        var generator = SeededGenerator()
        print("seed \(generator.seed)")
        try await place.archive { archive in
            _ = try await archive.deposit(
                try place.source("a.txt", "học tập NEAR exact folded AND", EvidenceMetadata(title: "học", issuer: "tập", holder: "An")),
                extracts: true)
            let pieces = [
                "\"", "*", "NEAR(", ")", "(", "-", ":", "^", "+", "{", "}", "AND", "OR", "NOT", "học", "tập", " ", ",", "\0", "exact", "'", "\u{301}",
                "🙂",
            ]
            var queries = Self.queries
            for _ in 0..<150 {
                queries.append((0..<Int.random(in: 1...8, using: &generator)).map { _ in pieces.randomElement(using: &generator) ?? "" }.joined())
            }
            for query in queries {
                for isExact in [false, true] {
                    for filter in [FindFilter(), FindFilter(kind: .workSample, issuer: query, holder: query)] {
                        do {
                            _ = try await archive.search(query, isExact: isExact, filter: filter, limit: 5, by: console)
                        } catch ArchiveError.noWords {
                            // Right for a query that has none.
                        } catch {
                            Issue.record("\(query.prefix(60).debugDescription), seed \(generator.seed): \(error)")
                        }
                    }
                }
                _ = try await archive.items(FindFilter(issuer: query, holder: query), by: console)
            }
            for query in ["", " ", "\"", "*", "-", "…", "\u{301}", "😀", "\n"] {
                await #expect(throws: ArchiveError.self, "\(query.debugDescription)") { try await archive.search(query, by: console) }
            }
            // The words among it are words.
            for query in ["\"học\"", "học*", "-học", "NEAR(", "NEAR( học", "exact folded", "^học", "(học)", "học;"] {
                #expect(try await archive.found(query).count >= 1, "\(query)")
            }
        }
    }

    @Test func `filters divide lists and searches alike`() async throws {
        let place = try TestPlace()
        try await place.archive { archive in
            func metadata(_ kind: EvidenceKind, _ issuer: String?, _ holder: String?, _ day: String?) -> EvidenceMetadata {
                EvidenceMetadata(title: "học", kind: kind, issuer: issuer, issuedOn: day.flatMap { CalendarDate($0) }, holder: holder)
            }
            let all = [
                metadata(.certificate, "Hội Khuyến học", "Nguyễn Văn Mẫu", "2025-01-31"),
                metadata(.workSample, "UBND xã Suối Giả Định", "Trần Thị Thí Dụ", "2025-02-01"),
                metadata(.workSample, "Hội Khuyến học xã", "Nguyễn Văn Mẫu", "2025-12-31"),
                metadata(.photo, nil, "Nguyễn Văn", nil), metadata(.other, "Hội Khuyến học", nil, "2026-01-01"),
            ]
            let deposited = try await archive.depositAll(try all.enumerated().map { try place.source("\($0).txt", "\($0)", $1) })
            let items = try all.indices.map { try #require(deposited.new[$0]?.item) }
            let cases: [(FindFilter, [Int])] = [
                (FindFilter(), [4, 3, 2, 1, 0]), (FindFilter(kind: .workSample), [2, 1]), (FindFilter(kind: .report), []),
                (FindFilter(kind: .certificate), [0]), (FindFilter(issuer: "hoi khuyen hoc"), [4, 2, 0]),
                (FindFilter(issuer: "HỘI KHUYẾN HỌC"), [4, 2, 0]),
                (FindFilter(issuer: "Hội Khuyến học xã"), [2]), (FindFilter(issuer: "khuyến học"), [4, 2, 0]), (FindFilter(issuer: "học hội"), []),
                (FindFilter(holder: "nguyen van mau"), [2, 0]), (FindFilter(holder: "Nguyễn Văn"), [3, 2, 0]), (FindFilter(holder: "Nguyễn Mẫu"), []),
                (FindFilter(holder: "Nguyễn Văn Mẫu".decomposedStringWithCanonicalMapping), [2, 0]),
                // A name without a word is nobody's.
                (FindFilter(holder: "—"), []), (FindFilter(issuer: "\""), []),
                (FindFilter(issuedFrom: CalendarDate("2025-02-01")), [4, 2, 1]), (FindFilter(issuedUntil: CalendarDate("2025-02-01")), [1, 0]),
                (FindFilter(issuedFrom: CalendarDate("2025-02-01"), issuedUntil: CalendarDate("2025-12-31")), [2, 1]),
                (FindFilter(issuedFrom: CalendarDate("2026-01-02")), []),
                (FindFilter(kind: .workSample, holder: "nguyễn văn mẫu", issuedFrom: CalendarDate("2025-12-31")), [2]),
            ]
            for (filter, expected) in cases {
                #expect(try await archive.items(filter, by: console).map(\.id) == expected.map { items[$0] }, "list \(filter)")
                #expect(try await archive.found("học", filter: filter) == expected.map { items[$0] }, "search \(filter)")
            }

            // Pages of a list go on where the last ended.
            var seen: [EvidenceID] = []
            while true {
                let page = try await archive.items(before: seen.last, limit: 2, by: console)
                if page.isEmpty { break }
                #expect(page.count <= 2)
                seen += page.map(\.id)
            }
            #expect(seen == items.reversed())
            await #expect(throws: ArchiveError.self) { try await archive.items(before: .random(), by: console) }
        }
    }

    @Test func `an item is named by as much of its id as tells it apart`() async throws {
        let place = try TestPlace()
        try await place.archive { archive in
            let item = try await archive.deposit(try place.source("a.txt", "x")).onlyItem()
            let bare = String(item.text.dropFirst(3))
            for reference in [item.text, bare, item.text.uppercased(), String(bare.prefix(4)), "ev-" + bare.prefix(10)] {
                #expect(try await archive.item(reference, by: console).id == item, "\(reference)")
            }
            for reference in [
                "", "ev-", String(bare.prefix(3)), bare + "0", "ev-0000000000000000", "~~~~~~", "%%%%", "ev-\u{301}abcd", "' OR 1=1 --",
            ] {
                await #expect {
                    try await archive.item(reference, by: console)
                } throws: { Archive.isNotFound($0) }
            }
        }
    }

    // MARK: The search index may go at any time

    @Test("a search index that is gone is folded again", arguments: ["search.sqlite", "search.sqlite and its log", "by rebuild"])
    func indexGone(what: String) async throws {
        let place = try TestPlace()
        let queries = ["học tập", "hoc", "đồng tháp", "dong", "khen", "2025"]
        func answers(_ archive: Archive) async throws -> [[String]] {
            var answers: [[String]] = []
            for query in queries {
                answers.append(
                    try await archive.search(query, limit: 50, by: console).hits.map { "\($0.item) \($0.page) \($0.snippet?.text ?? "-")" })
            }
            return answers
        }
        let before = try await place.archive { archive in
            let texts = ["học tập\u{0C}đồng tháp", "tập học 2025", "giấy khen\u{0C}\u{0C}học", "khác"]
            let deposited = try await archive.depositAll(
                try texts.enumerated().map { try place.source("\($0).txt", $1, EvidenceMetadata(title: "Giấy khen \($0)")) }, extracts: true)
            try await archive.describe(try #require(deposited.new[1]?.item), as: EvidenceMetadata(title: "Đồng Tháp 2025"), by: console)
            return try await answers(archive)
        }
        #expect(before.allSatisfy { !$0.isEmpty })
        if what != "by rebuild" {
            for name in try FileManager.default.contentsOfDirectory(atPath: place.archivePath)
            where name == "search.sqlite" || (what != "search.sqlite" && name.hasPrefix("search.sqlite")) {
                try FileManager.default.removeItem(atPath: "\(place.archivePath)/\(name)")
            }
        }
        try await place.archive { archive in
            if what == "by rebuild" {
                try await archive.rebuild()
            } else {
                #expect(try await archive.status().indexBehind == 1 + 4 + 4 + 1)
            }
            #expect(try await answers(archive) == before)
            #expect(try await archive.status().indexBehind == 0)
        }
    }

    @Test func `a search index that is garbage stops no deposit, is told, and is made anew by rebuild`() async throws {
        let place = try TestPlace()
        try await place.archive { archive in
            _ = try await archive.deposit(try place.source("a.txt", "học tập"), extracts: true)
            #expect(try await archive.found("học tập").count == 1)
        }
        for name in try FileManager.default.contentsOfDirectory(atPath: place.archivePath) where name.hasPrefix("search.sqlite") {
            try FileManager.default.removeItem(atPath: "\(place.archivePath)/\(name)")
        }
        try Data(repeating: 0x41, count: 10_000).write(to: URL(fileURLWithPath: place.archivePath + "/search.sqlite"))
        try await place.archive { archive in
            let deposited = try await archive.deposit(try place.source("b.txt", "học hành"), extracts: true)
            #expect(deposited.summary.deposited == 1 && deposited.summary.extraction.states == [.extracted: 1])
            #expect(deposited.summary.extraction.notIndexed?.contains("run minhchung rebuild") == true)
            #expect(try await archive.status().indexBehind == nil)
            await #expect(throws: (any Error).self) { try await archive.search("học", by: console) }
            #expect(try await archive.items(by: console).count == 2)
            try await archive.rebuild()
            #expect(try await archive.found("học").count == 2)
            #expect(try await archive.status().indexBehind == 0)
        }
    }

    // MARK: Access log

    @Test func `what is shown is one entry of the access log, what is not shown is none`() async throws {
        let place = try TestPlace()
        let reviewer = Actor.console(user: "lan", actingAs: "reviewer")
        try await place.archive { archive in
            let deposited = try await archive.deposit(
                try place.source("a.txt", "học tập", EvidenceMetadata(holder: "An")), try place.source("b.txt", "học hành"), extracts: true)
            let items = try (0..<2).map { try #require(deposited.new[$0]?.item) }
            func entries(_ body: () async throws -> Void) async throws -> Int {
                let before = try await archive.status().accessLogEntries
                try await body()
                return try await archive.status().accessLogEntries - before
            }
            #expect(try await archive.status().accessLogEntries == 0)
            #expect(try await entries { _ = try await archive.item(items[0].text, by: reviewer) } == 1)
            #expect(try await entries { _ = try await archive.items(by: reviewer) } == 1)
            #expect(try await entries { _ = try await archive.search("học", by: reviewer) } == 1)
            #expect(try await entries { try await archive.export(items[1].text, by: console, begin: { _ in }, write: { _ in }) } == 1)

            #expect(try await entries { _ = try await archive.items(FindFilter(holder: "Bình"), by: reviewer) } == 0)
            #expect(try await entries { _ = try await archive.items(limit: 0, by: reviewer) } == 0)
            #expect(try await entries { _ = try await archive.search("không có", by: reviewer) } == 0)
            #expect(try await entries { _ = try await archive.search("học", limit: 0, by: reviewer) } == 0)
            #expect(try await entries { _ = try? await archive.search("…", by: reviewer) } == 0)  // because it has no word
            #expect(try await entries { _ = try? await archive.item("ev-0000000000000000", by: reviewer) } == 0)  // because there is none
            #expect(try await entries { _ = await archive.exported("ev-0000000000000000") } == 0)
            #expect(try await entries { _ = try await archive.verified() } == 0)
            #expect(try await entries { try await archive.rebuild() } == 0)
            #expect(try await entries { _ = try await archive.status() } == 0)
            #expect(try await archive.verified().findings.isEmpty)
        }
        guard hasSQLite else { return }
        let headers = try place.sqlite(
            "archive.sqlite", "SELECT json_extract(header, '$.kind', '$.actor', '$.acting_as') FROM access ORDER BY number;")
        #expect(
            headers.split(separator: "\n") == [
                #"["evidence.viewed","console:lan","reviewer"]"#, #"["evidence.listed","console:lan","reviewer"]"#,
                #"["evidence.found","console:lan","reviewer"]"#, #"["evidence.exported","console:lan",null]"#,
            ])
        // The words of a search are nobody's business.
        #expect(try place.sqlite("archive.sqlite", "SELECT count(*) FROM access WHERE instr(header, 'học');") == "0\n")
    }

    @Test("an access log that cannot be written closes the door", .enabled(if: hasSQLite, sqliteAbsence))
    func closed() async throws {
        let place = try TestPlace()
        let item = try await place.archive { archive in
            try await archive.deposit(try place.source("a.txt", "học tập"), extracts: true).onlyItem()
        }
        try place.sqlite(
            "archive.sqlite", "CREATE TRIGGER test_full BEFORE INSERT ON access BEGIN SELECT RAISE(ABORT, 'no room'); END;")
        try await place.archive { (archive) async throws in
            await #expect(throws: (any Error).self) { try await archive.item(item.text, by: console) }
            await #expect(throws: (any Error).self) { try await archive.items(by: console) }
            await #expect(throws: (any Error).self) { try await archive.search("học", by: console) }
            let export = await archive.exported(item.text)
            #expect(export.error != nil && export.bytes == [] && !export.hasBegun)
            // What is not personal stays readable, and deposits go on.
            #expect(try await archive.status().items == 1)
            #expect(try await archive.deposit(try place.source("b.txt", "y")).summary.deposited == 1)
            #expect(try await archive.verified().findings.isEmpty)
        }
    }

    // MARK: At once

    @Test func `many who ask the same at once have the same answer, each is in the access log, and nobody has another's`() async throws {
        let place = try TestPlace()
        try await place.archive { archive in
            for number in 0..<3 {
                _ = try await archive.deposit(try place.source("\(number).txt", "khuyến nông \(number)"), extracts: true)
            }
            try await archive.openAccount("nobody-1", by: console)
            let before = try await archive.status().accessLogEntries
            try await withThrowingTaskGroup(of: (isHidden: Bool, count: Int).self) { group in
                for number in 0..<60 {
                    let by = number.isMultiple(of: 3) ? Actor(account: "nobody-1") : console
                    group.addTask { (by != console, try await archive.search("khuyen nong", by: by).hits.count) }
                }
                for try await (isHidden, count) in group { #expect(count == (isHidden ? 0 : 3)) }
            }
            #expect(try await archive.status().accessLogEntries == before + 40)
        }
    }

    @Test func `who asks after something was handed in finds it, however many ask the same all along`() async throws {
        let place = try TestPlace()
        try await place.archive { archive in
            try await withThrowingTaskGroup(of: Void.self) { group in
                for _ in 0..<6 {
                    group.addTask { for _ in 0..<100 { _ = try await archive.search("khuyến nông", limit: 100, by: console) } }
                }
                group.addTask {
                    for number in 1...20 {
                        _ = try await archive.deposit(try place.source("\(number).txt", "khuyến nông \(number)"), extracts: true)
                        let found = try await archive.search("khuyến nông", limit: 100, by: console)
                        #expect(found.hits.count == number)
                    }
                }
                try await group.waitForAll()
            }
        }
    }

    @Test func `a search that cannot be done is told to all who wait for it, and the next one is done`() async throws {
        try await TestPlace().archive { archive in
            await withTaskGroup(of: Bool.self) { group in
                for _ in 0..<20 {
                    group.addTask {
                        do {
                            _ = try await archive.search("…", by: console)
                            return false
                        } catch { return error is ArchiveError }
                    }
                }
                for await isTold in group { #expect(isTold) }
            }
            let next = try await archive.search("gì", by: console)
            #expect(next.hits.isEmpty)
        }
    }

    @Test func `deposits, searches, lists and checks at once all succeed`() async throws {
        let place = try TestPlace()
        try await place.archive { archive in
            try await withThrowingTaskGroup(of: Void.self) { group in
                for lane in 0..<3 {
                    group.addTask {
                        for step in 0..<4 {
                            let deposited = try await archive.deposit(
                                try place.source("\(lane)-\(step).txt", "học tập \(lane) \(step)"),
                                try place.source("same-\(lane)-\(step).txt", "cùng một nội dung"),
                                extracts: true)
                            #expect(deposited.summary.deposited == 2 && deposited.summary.refused == 0)
                            let item = try #require(deposited.new[0]?.item)
                            #expect(await archive.exported(item.text).bytes == Array("học tập \(lane) \(step)".utf8))
                            try await archive.describe(item, as: EvidenceMetadata(title: "mới \(lane)"), by: console)
                        }
                    }
                }
                for lane in 0..<3 {
                    group.addTask {
                        for _ in 0..<8 {
                            _ = try await archive.search("hoc tap", by: console)
                            _ = try await archive.items(limit: 5, by: console)
                            _ = try await archive.status()
                            if lane == 0 { #expect(try await archive.verified().findings.isEmpty) }
                        }
                    }
                }
                try await group.waitForAll()
            }
            #expect(try await archive.items(limit: 100, by: console).count == 24)
            #expect(try await archive.search("hoc tap", limit: 100, by: console).hits.count == 12)
            #expect(try await archive.search("mới", limit: 100, by: console).hits.count == 12)
            #expect(try await archive.search("cùng một nội dung", limit: 100, by: console).hits.count == 12)
            // 12 files, and one that is the same.
            let status = try await archive.status()
            #expect(status.items == 24 && status.queue == 0)
            #expect(try await archive.verified().findings.isEmpty)
        }
    }
}
