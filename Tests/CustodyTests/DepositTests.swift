import Custody
import Evidence
import Foundation
import Glibc
import Testing

@Suite("Deposits", .serialized, .timeLimit(.minutes(10)))
struct DepositTests {
    @Test func `the sample goes in, is found, shown and handed out as it was`() async throws {
        let place = try TestPlace()
        let names = try FileManager.default.contentsOfDirectory(atPath: sampleFolder.path).sorted()
        try #require(names.count == 26)
        let sources = names.map { name in
            DepositSource(
                path: Array("\(sampleFolder.path)/\(name)".utf8),
                metadata: EvidenceMetadata(
                    kind: .certificate, holder: name.contains("Lê Minh Họa") ? "Lê Minh Họa" : nil,
                    fileName: DepositSource.fileName(of: Array(name.utf8))))
        }
        try await place.archive { archive in
            let first = try await archive.depositAll(sources, extracts: true)
            #expect(first.summary.deposited == 26 && first.summary.newObjects == 26 && first.summary.refused == 0)
            #expect(first.summary.stopped == nil && first.summary.extraction.refused == nil && first.summary.extraction.notIndexed == nil)
            // Scans and pictures have no text; nothing of the sample fails.
            #expect(first.summary.extraction.total == 26 && first.summary.extraction.states[.failed] == nil)
            #expect(first.summary.extraction.states[.extracted, default: 0] >= 21)
            #expect(first.extracted.count == 26)

            let listed = try await archive.items(limit: 100, by: console)
            #expect(listed.map(\.metadata.fileName) == names.reversed().map { DepositSource.fileName(of: Array($0.utf8)) })
            for (index, name) in names.enumerated() {
                let original = Array(try Data(contentsOf: sampleFolder.appendingPathComponent(name)))
                let (item, object, isNew) = try #require(first.new[index])
                #expect(isNew && object.digest == Digest(of: original) && object.size == Int64(original.count))
                let account = try await archive.item(item.text, by: console)
                #expect(account.object == object && account.depositor == console && !account.isDamaged && account.extraction != nil)
                let export = await archive.exported(item.text)
                #expect(export.bytes == original && export.error == nil, "\(name)")
            }

            let library = try #require(names.firstIndex { $0.hasPrefix("Thẻ thư viện") })
            for query in ["thẻ thư viện", "the thu vien", "THẺ THƯ VIỆN"] {
                #expect(try await archive.found(query).first == first.new[library]?.item, "\(query)")
            }
            let status = try await archive.status()
            #expect(status.items == 26 && status.queue == 0 && status.indexBehind == 0 && status.damagedObjects == 0)
            #expect(status.records == 1 + 26 + 26)
            let verified = try await archive.verified()
            #expect(verified.findings.isEmpty, "\(verified.findings)")
            #expect(verified.summary.objects == status.objects && verified.summary.unreferenced == 0)
            // That all were read is a record of its own.
            #expect(verified.summary.records == 54)

            // A second time nothing is new, and nothing is read again.
            let again = try await archive.depositAll(sources, extracts: true)
            #expect(again.summary.alreadyDeposited == 26 && again.summary.deposited == 0 && again.summary.newObjects == 0)
            #expect(again.already.mapValues(\.text) == first.new.mapValues(\.item.text))
            #expect(again.extracted.isEmpty)
            #expect(try await archive.status().records == 54)
            #expect(try place.objectCount() == status.objects)
        }
        // And all of it is there when the archive is opened again.
        try await place.archive { (archive) async throws in
            #expect(try await archive.items(limit: 100, by: console).count == 26)
            #expect(try await archive.verified().findings.isEmpty)
        }
    }

    @Test func `the same bytes of another holder are a second item and the same object`() async throws {
        let place = try TestPlace()
        try await place.archive { archive in
            let an = try place.source("a.txt", "Giấy khen", EvidenceMetadata(holder: "An"))
            let binh = try place.source("a.txt", "Giấy khen", EvidenceMetadata(holder: "Bình"))
            let other = try place.source("b.txt", "Giấy khen", EvidenceMetadata(holder: "An"))
            let first = try await archive.deposit(an, extracts: true)
            let second = try await archive.depositAll([binh, an, other, binh], extracts: true)
            #expect(second.summary.deposited == 2 && second.summary.alreadyDeposited == 2 && second.summary.newObjects == 0)
            #expect(second.new[0]?.isNewObject == false && second.new[2] != nil)
            #expect(second.already[1] == (try first.onlyItem()) && second.already[3] == second.new[0]?.item)
            #expect(second.extracted.isEmpty)
            let items = try await archive.items(by: console)
            #expect(items.count == 3 && Set(items.map(\.object)).count == 1 && Set(items.map(\.id)).count == 3)
            // The object and its text.
            #expect(try place.objectCount() == 2)
            #expect(try await archive.found("giấy khen").count == 3)
        }
    }

    @Test func `the same bytes twice in one call are one object, read once`() async throws {
        let place = try TestPlace()
        try await place.archive { archive in
            let sources = try ["An", "Bình", "An"].map {
                try place.source("a.txt", "Giấy khen", EvidenceMetadata(holder: $0))
            }
            let deposited = try await archive.depositAll(sources, extracts: true)
            #expect(deposited.summary.deposited == 2 && deposited.summary.newObjects == 1 && deposited.summary.alreadyDeposited == 1)
            #expect(deposited.already[2] == deposited.new[0]?.item)
            #expect(deposited.extracted.count == 1)
            #expect(try await archive.found("giấy khen").count == 2)
        }
    }

    @Test func `what cannot be deposited is named and does not stop the others`() async throws {
        let place = try TestPlace()
        try await place.archive { archive in
            try #require(mkfifo(place.path + "/pipe", 0o600) == 0)
            let sources = try [
                place.source("a.txt", "một"), place.source("empty.txt", ""),
                DepositSource(path: Array("\(place.path)/missing".utf8), metadata: EvidenceMetadata()),
                DepositSource(path: Array(place.path.utf8), metadata: EvidenceMetadata()),
                DepositSource(path: Array("\(place.path)/pipe".utf8), metadata: EvidenceMetadata()), place.source("b.txt", "hai"),
            ]
            let deposited = try await archive.depositAll(sources)
            #expect(deposited.summary.deposited == 2 && deposited.summary.refused == 4 && deposited.summary.stopped == nil)
            #expect(Set(deposited.refused.keys) == [1, 2, 3, 4] && Set(deposited.new.keys) == [0, 5])
            let reasons = deposited.refused.mapValues { "\($0)" }
            #expect(reasons[1]?.hasSuffix("empty.txt: the file is empty") == true)
            #expect(reasons[2]?.hasSuffix("missing: No such file or directory") == true)
            #expect(reasons[3]?.hasSuffix("not a regular file") == true && reasons[4]?.hasSuffix("not a regular file") == true)
            #expect(try place.names(in: "staging") == [])
        }
    }

    @Test func `a file larger than the disk is refused, and the others are kept`() async throws {
        let place = try TestPlace()
        try await place.archive { archive in
            let small = try place.source("a.txt", "một")
            let large = try place.source("b.txt", "hai")
            try #require(truncate(place.path + "/b.txt", 15 << 40) == 0)
            let deposited = try await archive.deposit(small, large, try place.source("c.txt", "ba"))
            #expect(deposited.summary.deposited == 2 && deposited.summary.refused == 1 && deposited.summary.stopped == nil)
            #expect("\(try #require(deposited.refused[1]))".contains("make room and deposit again"))
            #expect(try await archive.items(by: console).count == 2)
        }
    }

    @Test(
        "a file's name may be any bytes, and is no path",
        arguments: [
            (Array("một\nhai.txt".utf8), #"một\x0ahai.txt"#), ([0xFF, 0x41], #"\xffA"#), (Array("..a".utf8), "..a"), (Array("a\u{301}".utf8), "á"),
        ] as [([UInt8], String)])
    func names(name: [UInt8], shown: String) async throws {
        let place = try TestPlace()
        try await place.archive { archive in
            let path = Array("\(place.path)/".utf8) + name
            let made = (path + [0]).withUnsafeBufferPointer { buffer in
                buffer.withMemoryRebound(to: CChar.self) { open($0.baseAddress!, O_WRONLY | O_CREAT, 0o600) }  // not empty: has the zero
            }
            try #require(made >= 0)
            try #require(Glibc.write(made, "abc", 3) == 3)
            close(made)
            let source = DepositSource(path: path, metadata: EvidenceMetadata(fileName: DepositSource.fileName(of: path)))
            let item = try await archive.deposit(source).onlyItem()
            let account = try await archive.item(item.text, by: console)
            #expect(account.metadata.fileName.map { Array($0.utf8) } == Array(shown.utf8))
            #expect(await archive.exported(item.text).bytes == Array("abc".utf8))
        }
    }

    // MARK: Metadata

    @Test func `metadata is kept in NFC and without white space around it`() async throws {
        let place = try TestPlace()
        try await place.archive { archive in
            let source = try place.source(
                "a.txt", "x",
                EvidenceMetadata(title: "  Đồng Tháp\n".decomposedStringWithCanonicalMapping, issuer: " \t ", holder: "An"))
            let item = try await archive.deposit(source).onlyItem()
            let metadata = try await archive.item(item.text, by: console).metadata
            #expect(metadata.title.map { Array($0.utf8) } == Array("Đồng Tháp".precomposedStringWithCanonicalMapping.utf8))
            #expect(metadata.issuer == nil && metadata.holder == "An")
        }
    }

    struct Wrong: CustomTestStringConvertible {
        let name: String
        let field: String
        let metadata: EvidenceMetadata
        var testDescription: String { name }

        init(_ name: String, _ field: String, _ metadata: EvidenceMetadata) {
            self.name = name
            self.field = field
            self.metadata = metadata
        }
    }

    static let wrong = [
        Wrong("a long title", "title", EvidenceMetadata(title: String(repeating: "a", count: 2001))),
        Wrong("a title of one letter with 20,000 marks", "title", EvidenceMetadata(title: "a" + String(repeating: "\u{301}", count: 20_000))),
        Wrong("a title of two lines", "title", EvidenceMetadata(title: "một\nhai")),
        Wrong("a title with a zero", "title", EvidenceMetadata(title: "a\u{0}b")),
        Wrong("a title with a line separator", "title", EvidenceMetadata(title: "một\u{2028}hai")),
        Wrong("an issuer that steers a terminal", "issuer", EvidenceMetadata(issuer: "a\u{1B}[2J")),
        Wrong("a number with a tab", "number", EvidenceMetadata(codeNumber: "6\t7")),
        Wrong("a notation with a delete", "notation", EvidenceMetadata(codeNotation: "a\u{7F}b")),
        Wrong("a subject with a control character of Latin-1", "subject", EvidenceMetadata(subject: "a\u{9F}b")),
        Wrong("a holder with a carriage return", "holder", EvidenceMetadata(holder: "a\rb")),
        Wrong("a long language", "language", EvidenceMetadata(language: String(repeating: "v", count: 2001))),
        Wrong("a file name with a backspace", "file name", EvidenceMetadata(fileName: "a\u{8}b")),
        Wrong(
            "dates that run backwards", "valid until",
            EvidenceMetadata(validFrom: CalendarDate("2026-01-02"), validUntil: CalendarDate("2026-01-01"))),
    ]

    @Test("metadata that cannot be kept is refused before anything is recorded", arguments: wrong)
    func metadata(wrong: Wrong) async throws {
        let place = try TestPlace()
        try await place.archive { archive in
            let item = try await archive.deposit(try place.source("good.txt", "x")).onlyItem()
            let before = try await archive.status()
            var named = wrong.metadata
            if named.fileName == nil { named.fileName = "bad.txt" }
            let bad = try place.source("bad.txt", "y", named)
            await #expect {
                _ = try await archive.deposit(try place.source("other.txt", "z"), bad)
            } throws: { error in
                if case ArchiveError.metadata(wrong.field, _) = error { true } else { false }
            }
            await #expect(throws: ArchiveError.self) { try await archive.describe(item, as: wrong.metadata, by: console) }
            let after = try await archive.status()
            #expect(after.records == before.records && after.recordRoot == before.recordRoot && after.objects == before.objects)
            #expect(try place.objectCount() == 1 && place.names(in: "staging") == [])
        }
    }

    @Test func `metadata at the limits is kept`() async throws {
        let place = try TestPlace()
        try await place.archive { archive in
            let day = CalendarDate("2026-01-02")
            let metadata = EvidenceMetadata(title: String(repeating: "ộ", count: 2000), validFrom: day, validUntil: day, fileName: "a")
            let item = try await archive.deposit(try place.source("a", "x", metadata)).onlyItem()
            #expect(try await archive.item(item.text, by: console).metadata == metadata)
        }
    }

    @Test func `a later description supersedes an earlier one, and history keeps both`() async throws {
        let place = try TestPlace()
        try await place.archive { archive in
            let source = try place.source("a.txt", "nội dung", EvidenceMetadata(title: "Bằng khen", holder: "An"))
            let item = try await archive.deposit(source, extracts: true).onlyItem()
            #expect(try await archive.found("bằng khen") == [item])
            let reviewer = Actor.console(user: "lan", actingAs: "reviewer")
            try await archive.describe(item, as: EvidenceMetadata(title: "Giấy khen", kind: .certificate, holder: "Bình"), by: reviewer)
            let account = try await archive.item(item.text, by: console)
            #expect(account.metadata == EvidenceMetadata(title: "Giấy khen", kind: .certificate, holder: "Bình"))
            #expect(account.history.map(\.kind) == ["evidence.deposited", "object.extracted", "evidence.described"])
            #expect(account.metadataRecord == account.history[2].number && account.depositRecord == account.history[0].number)
            #expect(account.history[2].actor == reviewer && account.depositor == console)
            #expect(try await archive.found("giấy khen") == [item])
            #expect(try await archive.found("bằng khen") == [])
            #expect(try await archive.found("nội dung") == [item])
            #expect(try await archive.items(FindFilter(holder: "binh"), by: console).map(\.id) == [item])
            #expect(try await archive.items(FindFilter(holder: "an"), by: console).isEmpty)
            await #expect(throws: ArchiveError.self) { try await archive.describe(.random(), as: EvidenceMetadata(), by: console) }
            #expect(try await archive.verified().findings.isEmpty)
        }
    }

    // MARK: Extraction

    enum BrokenWorker: String, CaseIterable {
        case missing, notExecutable, folder, noWorker
    }

    @Test("a worker that cannot run stops no deposit, is told, and what waits is read later", arguments: BrokenWorker.allCases)
    func worker(kind: BrokenWorker) async throws {
        let place = try TestPlace()
        let path: String
        switch kind {
        case .missing: path = place.path + "/nowhere"
        case .notExecutable:
            path = place.path + "/worker"
            try Data("#!/bin/sh\n".utf8).write(to: URL(fileURLWithPath: path))
        case .folder: path = place.path
        case .noWorker: path = "/bin/true"
        }
        let item = try await place.archive(worker: path) { archive in
            let deposited = try await archive.deposit(
                try place.source("a.txt", "Tỉnh Đồng Tháp"), try place.source("b.txt", "khác"), extracts: true)
            #expect(deposited.summary.deposited == 2 && deposited.summary.extraction.total == 0)
            let reason = try #require(deposited.summary.extraction.refused)
            #expect(reason.contains("worker"))
            let status = try await archive.status()
            #expect(status.queue == 2 && status.items == 2)
            guard case .failure(let error) = status.extractor else {
                Issue.record("an extractor that cannot run is said to be there")
                return EvidenceID.random()
            }
            #expect("\(error)".hasPrefix("cannot extract text: "))
            await #expect(throws: (any Error).self) { try await archive.extract(by: console, report: { _ in }) }
            let item = try #require(deposited.new[0]?.item)
            #expect(try await archive.found("dong thap") == [])
            #expect(await archive.exported(item.text).bytes == Array("Tỉnh Đồng Tháp".utf8))
            return item
        }
        try await place.archive { archive in
            let events = Collected<ExtractionEvent>()
            let summary = try await archive.extract(by: console, report: { events.add($0) })
            #expect(summary.total == 2 && summary.states == [.extracted: 2] && events.all.count == 2)
            #expect(try await archive.status().queue == 0)
            #expect(try await archive.found("dong thap") == [item])
            // Once is enough.
            #expect(try await archive.extract(by: console, report: { _ in }).total == 0)
            #expect(try await archive.verified().findings.isEmpty)
        }
    }

    @Test func `what is damaged before it was read is not read, and does not wait for ever`() async throws {
        let place = try TestPlace()
        try await place.archive { archive in
            let deposited = try await archive.deposit(try place.source("a.txt", "một"), try place.source("b.txt", "hai"))
            let harmed = try #require(deposited.new[0]?.object.digest)
            try place.edit(harmed) { $0[0] ^= 1 }
            let summary = try await archive.extract(by: console, report: { _ in })
            #expect(summary.total == 1 && summary.damaged == 1)
            #expect(try await archive.verified().findings.count == 1)
            #expect(try await archive.extract(by: console, report: { _ in }).total == 0)
            #expect(try await archive.status().queue == 0)
        }
    }
}
