import Evidence
import Foundation
import Glibc
import Synchronization
import Testing
import Vault

@testable import Custody

@Suite("Room on the archive's disk", .serialized, .timeLimit(.minutes(10)))
struct RoomTests {
    static let megabyte: Int64 = 1 << 20

    /// Something that is waited for.
    private final class Gate: Sendable {
        private let (stream, continuation) = AsyncStream<Void>.makeStream()

        func open() { continuation.finish() }
        func wait() async { for await _ in stream {} }
    }

    /// Limits that leave so many bytes for what comes to the archive on this disk, which has been made.
    private func limits(on disk: SmallDisk, room: Int64) throws -> UploadLimits {
        var status = statvfs()
        try #require(statvfs(disk.path, &status) == 0)
        var limits = UploadLimits()
        limits.size = 10 * Self.megabyte
        limits.freeSpace = Int64(status.f_bavail) * Int64(status.f_frsize) - room
        return limits
    }

    private static func isTooLittle(_ error: any Error) -> Bool { if case UploadError.tooLittleSpace = error { true } else { false } }

    @Test(
        "what a deposit announces, or may bring where it does not, is room that is taken until it ends",
        .enabled(if: SmallDisk.canMount, SmallDisk.absence), arguments: [true, false])
    func taken(isAnnounced: Bool) async throws {
        let disk = try SmallDisk(size: 96 << 20)
        let place = try TestPlace(in: disk.path)
        try await place.archive { _ in }
        let limits = try limits(on: disk, room: 15 * Self.megabyte)
        let length = isAnnounced ? limits.size : nil
        try await place.archive(uploadLimits: limits) { archive in
            let (begun, ended) = (Gate(), Gate())
            let first = Task {
                let arriving = Arriving(bytes(200_000), isCutOff: true) { number in
                    if number == 1 {
                        begun.open()
                        await ended.wait()
                    }
                }
                return try await archive.deposit(.named("a"), length: length, arriving, by: citizen)
            }
            await begun.wait()
            await #expect(performing: { try await archive.deposit(.named("b"), Arriving(bytes(9)), by: citizen) }, throws: Self.isTooLittle)
            await #expect(
                performing: { try await archive.beginUpload(length: 10 * Self.megabyte, .named("c"), by: citizen) }, throws: Self.isTooLittle)
            // What is smaller has room beside it.
            _ = try await archive.deposit(.named("d"), atMost: Self.megabyte, Arriving(bytes(9)), by: citizen)
            let small = try await archive.beginUpload(length: Self.megabyte, .named("e"), by: citizen)
            try await archive.terminateUpload(small.id, by: citizen)
            ended.open()
            await #expect(throws: CutOff.self) { try await first.value }
            #expect(archive.room.all == 0)
            // And an upload takes it from a deposit.
            let upload = try await archive.beginUpload(length: 10 * Self.megabyte, .named("c"), by: citizen)
            await #expect(performing: { try await archive.deposit(.named("b"), Arriving(bytes(8)), by: citizen) }, throws: Self.isTooLittle)
            try await archive.terminateUpload(upload.id, by: citizen)
            #expect(try await archive.deposit(.named("b"), Arriving(bytes(8)), by: citizen).isNew)
            #expect(archive.room.all == 0)
            #expect(try place.names(in: "staging").isEmpty)
        }
    }

    @Test(
        "a disk that is filled while a deposit comes ends it at the floor, and it leaves nothing",
        .enabled(if: SmallDisk.canMount, SmallDisk.absence), arguments: [true, false])
    func floor(isAnnounced: Bool) async throws {
        let disk = try SmallDisk(size: 96 << 20)
        let place = try TestPlace(in: disk.path)
        try await place.archive { _ in }
        let limits = try limits(on: disk, room: 15 * Self.megabyte)
        let content = bytes(2 << 20)
        try await place.archive(uploadLimits: limits) { archive in
            let arriving = Arriving(content) { number in if number == 20 { try disk.fill(leaving: Int(limits.freeSpace)) } }
            let length = isAnnounced ? Int64(content.count) : nil
            await #expect(performing: { try await archive.deposit(.named("a"), length: length, arriving, by: citizen) }, throws: Archive.isDiskFull)
            #expect(try place.names(in: "staging").isEmpty)
            #expect(archive.room.all == 0)
            try disk.makeRoom()
            #expect(try await archive.deposit(.named("a"), length: length, Arriving(content), by: citizen).isNew)
            #expect(archive.room.all == 0)
        }
    }

    @Test func `a bundle for which there is no room is not sent, and not in the access log`() async throws {
        let place = try TestPlace()
        let title = Mutex<TitleID?>(nil)
        try await place.ward { ward in
            let citizen = try await ward.citizen()
            var items: [EvidenceID] = []
            for index in 0..<7 {
                let source = try ward.place.source("\(index).bin", bytes(1_000 + index), EvidenceMetadata(title: "Video", person: citizen.id))
                items.append(try await ward.archive.deposit(source).onlyItem())
            }
            let others = Dictionary(uniqueKeysWithValues: zip(["A1", "A2", "A3", "A4", "B1", "B2"], items.dropFirst()))
            let decided = try await ward.decided(citizen, items[0], others).title
            title.withLock { $0 = decided }
        }
        var limits = UploadLimits()
        limits.freeSpace = .max / 2
        let request = BundleRequest(subject: .title(try #require(title.withLock { $0 }).text))
        try await place.archive(uploadLimits: limits) { archive in
            let before = try await archive.status().accessLogEntries
            await #expect {
                try await archive.bundle(request, by: console)
            } throws: { if case BundleError.tooLittleSpace = $0 { true } else { false } }
            #expect(try await archive.status().accessLogEntries == before)
            #expect(try place.names(in: "staging").isEmpty)
            #expect(archive.room.all == 0)
            // One that is written elsewhere needs none of this disk.
            #expect(try await archive.writeBundle(request, to: "\(place.path)/a.zip", by: console).titles.count == 1)
        }
        try await place.archive { archive in
            let bundle = try await archive.bundle(request, by: console)
            #expect(bundle.size > 0)
            #expect(archive.room.all == 0)
        }
    }

    /// Bundles that are made when they are let.
    private final class Making: Sendable {
        let desk = BundleDesk()
        /// By number, as they began.
        let begun = Mutex<[Int]>([])
        let running = Mutex((now: 0, most: 0))
        let gate = Channel<Void>(capacity: 100)

        func make(_ number: Int) -> Task<Void, any Error> {
            Task {
                try await desk.composing { [self] in
                    running.withLock { running in
                        running.now += 1
                        running.most = max(running.most, running.now)
                    }
                    begun.withLock { $0.append(number) }
                    _ = gate.take()
                    running.withLock { $0.now -= 1 }
                }
            }
        }

        func waitFor(begun count: Int) async { while begun.withLock(\.count) < count { await Task.yield() } }
    }

    @Test func `two bundles are made at once, the others in their order, and one too many is told to come again`() async throws {
        let making = Making()
        var tasks: [Task<Void, any Error>] = []
        for number in 0..<BundleDesk.atOnce {
            tasks.append(making.make(number))
            await making.waitFor(begun: number + 1)
        }
        for number in 0..<BundleDesk.waitingAtMost {
            tasks.append(making.make(BundleDesk.atOnce + number))
            while making.desk.waiting <= number { await Task.yield() }
        }
        await #expect(throws: BundleError.busy) { try await making.make(99).value }
        // One that ends at a time, so that the order is to be seen.
        for count in BundleDesk.atOnce..<tasks.count {
            making.gate.put(())
            await making.waitFor(begun: count + 1)
        }
        for _ in 0..<BundleDesk.atOnce { making.gate.put(()) }
        for task in tasks { try await task.value }
        #expect(making.begun.withLock { $0 } == Array(0..<tasks.count))
        #expect(making.running.withLock(\.most) == BundleDesk.atOnce)
        // It goes on behind one that fails.
        await #expect(throws: CutOff.self) { try await making.desk.composing { throw CutOff() } }
        making.gate.put(())
        try await making.make(100).value
    }
}
