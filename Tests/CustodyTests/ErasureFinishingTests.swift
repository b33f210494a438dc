import Custody
import Evidence
import Foundation
import Glibc
import Testing

@Suite("Finishing of an erasure", .serialized, .enabled(if: hasSQLite, sqliteAbsence))
struct ErasureFinishingTests {
    private static let text = "một hai ba Kwzxy bốn"

    private static func deposited(_ archive: Archive, _ place: TestPlace, _ text: String = text) async throws -> (item: EvidenceID, object: Digest) {
        let deposited = try await archive.deposit(try place.source("\(UUID().uuidString).txt", text), extracts: true)
        let (item, object, _) = try #require(deposited.new[0])
        return (item, object.digest)
    }

    private static func has(_ place: TestPlace, _ needle: String) throws -> Bool {
        try Traces.files(place).contains { $0.bytes.range(of: Data(needle.utf8)) != nil }
    }

    /// An object that no record names, as a crash between sealing and recording leaves it.
    private static func leave(_ bytes: [UInt8], _ place: TestPlace) throws {
        let path = place.objectPath(Digest(of: bytes))
        try Data(bytes).write(to: URL(fileURLWithPath: path))
        try #require(chmod(path, 0o400) == 0)
    }

    @Test func `nothing is recorded while the list cannot be written`() async throws {
        let place = try TestPlace()
        try await place.archive { archive in
            let (item, _) = try await Self.deposited(archive, place)
            let before = try await archive.status().records
            for list in ["/nowhere/list", ""] {
                await Traces.expectRefusal("erasure list", "--list") {
                    _ = try await archive.erase(
                        [item.text], grounds: Erasable.grounds(), applies: true, list: place.path + list, by: officer(.authority))
                }
            }
            #expect(try await archive.status().records == before)
            #expect(await archive.exported(item.text).error == nil)
        }
    }

    @Test func `a list that cannot be written any more keeps no archive from opening, and is written later or elsewhere`() async throws {
        let place = try TestPlace()
        let (item, object, record) = try await place.archive { archive in
            let (item, object) = try await Self.deposited(archive, place)
            let bytes = try Data(contentsOf: URL(fileURLWithPath: place.objectPath(object)))
            let plan = try await archive.erase([item.text], grounds: Erasable.grounds(), applies: true, by: officer(.authority))
            #expect(plan.unfinished.isEmpty)
            try bytes.write(to: URL(fileURLWithPath: place.objectPath(object)))
            return (item, object, try #require(plan.record))
        }
        let (list, usual) = (place.path + "/medium/list", Archive.erasureList(beside: place.archivePath))
        let line = try String(contentsOfFile: usual, encoding: .utf8)
        func becomePending() throws {
            try place.sqlite("archive.sqlite", "INSERT INTO erasure_to_finish VALUES (\(record), \(record), '\(list)', 0, 0);")
        }
        try becomePending()
        try await place.archive { archive in
            #expect(!FileManager.default.fileExists(atPath: place.objectPath(object)))
            let status = try await archive.status()
            #expect(status.unfinishedErasures.map(\.record) == [record] && status.unfinishedErasures.map(\.isOffDisk) == [true])
            #expect("\(status.unfinishedErasures)".contains(list))
            // It is used as ever, and every erasure says so.
            let (other, _) = try await Self.deposited(archive, place, "khác")
            let plan = try await archive.erase([other.text], grounds: Erasable.grounds(), applies: false, by: officer(.authority))
            #expect(plan.unfinished.map(\.record) == [record] && plan.record == nil)
            let done = try await archive.erase([other.text], grounds: Erasable.grounds(), applies: true, by: officer(.authority))
            #expect(done.unfinished.map(\.record) == [record] && done.record != nil && done.unfinished.first?.reason != nil)
        }
        try FileManager.default.createDirectory(atPath: place.path + "/medium", withIntermediateDirectories: false)
        try await place.archive { archive in
            let status = try await archive.status()
            #expect(status.unfinishedErasures.isEmpty)
            #expect(await archive.exported(item.text).error != nil)
        }
        #expect(try String(contentsOfFile: list, encoding: .utf8) == line)
        // Once more without the medium, into another list.
        try FileManager.default.removeItem(atPath: place.path + "/medium")
        try becomePending()
        try await place.archive { archive in
            let (other, _) = try await Self.deposited(archive, place, "còn nữa")
            let elsewhere = place.path + "/elsewhere"
            let plan = try await archive.erase(
                [other.text], grounds: Erasable.grounds(), applies: true, list: elsewhere, by: officer(.authority))
            #expect(plan.unfinished.isEmpty)
            #expect(try String(contentsOfFile: elsewhere, encoding: .utf8).split(separator: "\n").count == 2)
            #expect(try await archive.status().unfinishedErasures.isEmpty)
        }
        try await Traces.soundForOracle(place)
    }

    @Test func `while another process reads, an erasure is not finished and says so; the next opening finishes it`() async throws {
        let place = try TestPlace()
        let holder = "Đặng Văn Riêng Tư"
        let record = try await place.archive { archive in
            let source = try place.source("a.txt", "một hai ba", EvidenceMetadata(holder: holder))
            let item = try await archive.depositAll([source], extracts: true).onlyItem()
            let reader = try DatabaseReader(of: "archive.sqlite", in: place)
            let plan = try await archive.erase([item.text], grounds: Erasable.grounds(), applies: true, by: officer(.authority))
            #expect(plan.unfinished.map(\.isOffDisk) == [false] && "\(plan.unfinished)".contains("another process reads"))
            #expect(try await archive.status().unfinishedErasures.map(\.record) == [plan.record])
            #expect(try Self.has(place, holder))
            try reader.end()
            return try #require(plan.record)
        }
        try await place.archive { archive in
            let (status, findings) = (try await archive.status(), try await archive.verified().findings)
            #expect(status.unfinishedErasures.isEmpty && findings.isEmpty)
        }
        #expect(try !Self.has(place, holder))
        let list = try String(contentsOfFile: Archive.erasureList(beside: place.archivePath), encoding: .utf8)
        #expect(list.split(separator: "\n").count == 1 && list.contains(#""record":\#(record)"#))
        try await Traces.soundForOracle(place)
    }

    @Test func `what a crash left under objects goes with the next erasure, and a deposit of the same bytes is right`() async throws {
        let place = try TestPlace()
        let left = "để lại khi mất điện Qwxyz"
        let bytes = Array(left.utf8)
        try await place.archive { archive in
            let (item, erased) = try await Self.deposited(archive, place)
            let (kept, _) = try await Self.deposited(archive, place, "giữ lại")
            try Self.leave(bytes, place)
            // Only an erasure does that.
            #expect(try await archive.verified().summary.unreferenced == 1)
            _ = try await archive.erase([item.text], grounds: Erasable.grounds(), applies: true, by: officer(.authority))
            #expect(try !Self.has(place, "Qwxyz") && !Self.has(place, "Kwzxy"))
            let (summary, findings) = try await archive.verified()
            #expect(findings.isEmpty && summary.unreferenced == 0)
            #expect(await archive.exported(kept.text).bytes == Array("giữ lại".utf8))
            // Bytes of what was erased that a crash left when they came again.
            try Self.leave(Array(Self.text.utf8), place)
            #expect(try Self.has(place, "Kwzxy") && FileManager.default.fileExists(atPath: place.objectPath(erased)))
            let (second, _) = try await Self.deposited(archive, place, left)
            _ = try await archive.erase([second.text], grounds: Erasable.grounds(), applies: true, by: officer(.authority))
            #expect(try !Self.has(place, "Qwxyz") && !Self.has(place, "Kwzxy"))
            // As a whole batch that finds them there.
            try Self.leave(bytes, place)
            let (again, _) = try await Self.deposited(archive, place, left)
            #expect(await archive.exported(again.text).bytes == bytes)
        }
        try await Traces.soundForOracle(place)
    }

    @Test func `deposits, extraction and erasures at once leave what is recorded and nothing else`() async throws {
        let place = try TestPlace()
        try await place.archive { archive in
            let texts = (0..<40).map { "văn bản số \($0)" }
            let sources = try texts.map { try place.source("\($0).txt", $0) }
            _ = try await archive.depositAll(Array(sources[..<20]))
            try await withThrowingTaskGroup(of: Void.self) { group in
                group.addTask { _ = try await archive.depositAll(sources, extracts: true) }
                group.addTask {
                    for item in try await archive.items(by: console).prefix(8) {
                        _ = try await archive.erase([item.id.text], grounds: Erasable.grounds(), applies: true, by: officer(.authority))
                    }
                }
                try await group.waitForAll()
            }
            let again = try await archive.depositAll(sources, extracts: true)
            #expect(again.refused.isEmpty)
            let (summary, findings) = try await archive.verified()
            #expect(findings.isEmpty && summary.unreferenced == 0, "\(findings)")
            for text in texts {
                let found = try await archive.found(text, isExact: true)
                #expect(!found.isEmpty, "\(text)")
            }
        }
        try await Traces.soundForOracle(place)
    }

    @Test func `a person's erasure tells its progress, and dropped entries of the access log are in no file`() async throws {
        let place = try TestPlace()
        try await place.ward { ward in
            let all = try await Erasable(ward)
            let stages = Collected<String>()
            _ = try await ward.archive.erase(
                [all.person.id.text], grounds: Erasable.grounds(), takesShared: true, applies: true, by: officer(.authority)
            ) { stage, _, total in if total > 0 { stages.add(stage) } }
            #expect(Set(stages.all).isSuperset(of: ["looking through the records", "erasing", "rewriting the databases"]))
            for _ in 0..<50 { _ = try await ward.archive.item(all.others.text, by: .console(user: "lan", actingAs: "xem-qwxyz")) }
            place.clock.advance(minutes: 400 * 24 * 60)
            let dropped = try await ward.archive.dropAccesses(olderThan: 365, reason: "Hết hạn lưu", role: .administrator, by: console)
            #expect((dropped?.count ?? 0) >= 50 && dropped?.unfinished == nil)
            #expect(try !Self.has(place, "xem-qwxyz"))
        }
        try await Traces.soundForOracle(place)
    }
}
