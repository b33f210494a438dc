import Custody
import Evidence
import Foundation
import Glibc
import Testing
import Vault

@Suite("Many uploads, a full disk, and what comes after", .serialized, .timeLimit(.minutes(10)))
struct UploadLoadTests {
    enum Way: String, CaseIterable { case upload, stream }

    @Test("the same file from fifty at once is one object and no error", arguments: Way.allCases, [true, false])
    func same(way: Way, isOnePerson: Bool) async throws {
        let place = try TestPlace()
        let content = bytes(300_000)
        try await place.archive { archive in
            let outcomes = try await withThrowingTaskGroup { group in
                for number in 0..<50 {
                    group.addTask {
                        let actor = citizen(number: isOnePerson ? 3 : number)
                        return switch way {
                        case .upload: try await archive.uploaded(content, by: actor)
                        case .stream: try await archive.deposit(.named("a.bin"), length: 300_000, Arriving(content), by: actor)
                        }
                    }
                }
                return try await group.reduce(into: []) { $0.append($1) }
            }
            #expect(outcomes.count == 50 && outcomes.filter(\.isNew).count == (isOnePerson ? 1 : 50))
            #expect(Set(outcomes.map(\.item)).count == (isOnePerson ? 1 : 50))
            #expect(outcomes.filter { if case .deposited(_, _, true) = $0 { true } else { false } }.count == 1)
            #expect(try place.objectCount() == 1 && place.names(in: "uploads") == [] && place.names(in: "staging") == [])
            #expect(try await archive.verified().findings.isEmpty)
        }
    }

    @Test func `a hundred deposits at once share syncs`() async throws {
        // On a disk that syncs, where there is one.
        let place = try TestPlace(in: "/tmp")
        try await place.archive { archive in
            let clock = ContinuousClock()
            func deposit(_ number: Int) async throws {
                let content = bytes(20_000, seed: UInt64(number))
                let outcome = try await archive.deposit(.named("\(number)"), length: 20_000, Arriving(content), by: citizen(number: number))
                #expect(outcome.isNew && outcome.object.digest == Digest(of: content))
            }
            let alone = try await clock.measure { for number in 0..<100 { try await deposit(number) } }
            let together = try await clock.measure {
                try await withThrowingTaskGroup { group in
                    for number in 100..<200 { group.addTask { try await deposit(number) } }
                    try await group.waitForAll()
                }
            }
            print("100 deposits: \(alone) one after the other, \(together) at once, ratio \(alone / together)")
            #expect(try await archive.status().items == 200)
            #expect(try await archive.verified().findings.isEmpty)
        }
    }

    @Test func `what was uploaded is read behind it, and what a close leaves is read later`() async throws {
        let place = try TestPlace()
        let content = Array("Giấy chứng nhận của tỉnh Đồng Tháp".utf8)
        let item = try await place.archive { archive in
            let outcome = try await archive.uploaded(content, .named("a.txt"))
            while try await archive.status().queue > 0 { await Task.yield() }
            #expect(try await archive.found("dong thap") == [outcome.item])
            #expect(try await archive.item(outcome.item.text, by: console).history.map(\.actor) == [citizen, .reader])
            for number in 0..<12 { _ = try await archive.uploaded(content + Array(" \(number)".utf8), .named("\(number).txt")) }
            return outcome.item
        }
        try await place.archive { archive in
            let left = try await archive.status().queue
            print("\(left) of 12 left")
            archive.readInBackground()
            while try await archive.status().queue > 0 { await Task.yield() }
            #expect(try await archive.found("dong thap").count == 13)
            #expect(try await archive.status().readingFailure == nil)
            #expect(try await archive.found("dong thap").contains(item))
            #expect(try await archive.verified().findings.isEmpty)
        }
        // A worker that cannot run is told, and stops nobody.
        try await place.archive(worker: "/bin/true") { archive in
            _ = try await archive.uploaded(Array("khác".utf8), .named("b.txt"))
            while try await archive.status().readingFailure == nil { await Task.yield() }
            #expect(try await archive.status().queue == 1)
        }
    }

    @Test("a view can be recorded on a full disk, and when that ends too, nothing is shown", .enabled(if: SmallDisk.canMount, SmallDisk.absence))
    func fullDisk() async throws {
        let disk = try SmallDisk(size: 64 << 20)
        let place = try TestPlace(in: disk.path)
        var limits = UploadLimits()
        limits.freeSpace = 16 << 20
        try await place.archive(uploadLimits: limits) { archive in
            let item = try await archive.uploaded(bytes(1000)).item
            let begun = try await archive.beginUpload(length: 1 << 20, .named("b"), by: citizen)
            while try await archive.status().queue > 0 { await Task.yield() }
            #expect(try await archive.status().hasReserve)
            let before = try await archive.status().accessLogEntries
            try disk.fill()
            await #expect(performing: { try await archive.beginUpload(length: 1000, .named("c"), by: citizen) }, throws: Archive.isDiskFull)
            await #expect(performing: { try await archive.deposit(.named("c"), Arriving(bytes(9)), by: citizen) }, throws: Archive.isDiskFull)
            await #expect(
                performing: {
                    try await archive.appendToUpload(begun.id, at: 0, Arriving(bytes(1 << 20)), by: citizen)
                }, throws: Archive.isDiskFull)
            // Until the room that the log had left is used up, and the reserve begun.
            var views = 0
            while FileManager.default.contents(atPath: place.archivePath + "/reserve")?.isEmpty == false, views < 5000 {
                #expect(try await archive.item(item.text, by: console).id == item)
                views += 1
            }
            print("\(views) views before the reserve was needed")
            #expect(views < 5000)
            for _ in 0..<50 { _ = try await archive.item(item.text, by: console) }
            let status = try await archive.status()
            #expect(status.accessLogEntries == before + views + 50 && !status.hasReserve)
            try disk.fill()
            var shown = 0
            let error = await #expect(throws: (any Error).self) {
                while shown < 5000 {
                    _ = try await archive.item(item.text, by: console)
                    shown += 1
                }
            }
            #expect(error.map(Archive.isDiskFull) == true, "\(String(describing: error))")
            #expect(try await archive.status().accessLogEntries == before + views + 50 + shown)
            let export = await archive.exported(item.text)
            #expect(!export.hasBegun && export.bytes.isEmpty && export.error != nil)

            try disk.makeRoom()
            #expect(try await archive.keepReserve())
            _ = try await archive.item(item.text, by: console)
            let offset = try await archive.upload(begun.id, by: citizen).offset
            _ = try await archive.appendToUpload(begun.id, at: offset, Arriving(bytes(1 << 20)[Int(offset)...]), by: citizen)
            #expect(await archive.exported(try await archive.finishUpload(begun.id, by: citizen).item.text).bytes == bytes(1 << 20))
            #expect(try await archive.verified().findings.isEmpty)
        }
    }
}
