import Evidence
import Foundation
import Glibc
import Synchronization
import Testing
import Vault

@testable import Custody

@Suite("Page images", .serialized, .timeLimit(.minutes(5)))
struct PageImageTests {
    private static let pdf = "Giấy khen - Lê Minh Họa.pdf"

    /// Deposits a document of the sample, without its text.
    private func depositSample(_ archive: Archive, _ place: TestPlace) async throws -> (item: EvidenceID, object: ObjectDescription) {
        let bytes = Array(try Data(contentsOf: sampleFolder.appendingPathComponent(Self.pdf)))
        let new = try await archive.deposit(place.source("a.pdf", bytes)).new
        let deposited = try #require(new.values.first)
        return (deposited.item, deposited.object)
    }

    private func derived(_ place: TestPlace) -> [String] {
        let names = try? FileManager.default.subpathsOfDirectory(atPath: place.archivePath + "/derived")
        return (names ?? []).filter { $0.contains("/") }.sorted()
    }

    private func imaged(_ archive: Archive, _ item: EvidenceID) async throws -> Int {
        try await archive.accesses(about: item.text, limit: 500, by: console).count { $0.kind == "evidence.imaged" }
    }

    @Test func `a page is made once, and every look at it is in the access log`() async throws {
        let place = try TestPlace()
        try await place.archive { archive in
            let (item, object) = try await depositSample(archive, place)
            let first = try await archive.pageImage(item.text, page: 1, size: .page, by: console)
            #expect(max(first.width, first.height) == 1_600)
            #expect(first.etag == Digest(of: first.png))
            let kept = derived(place)
            #expect(kept.count == 1 && kept[0].contains(object.digest.hex))
            let second = try await archive.pageImage(item.text, page: 1, size: .page, by: console)
            #expect(second.png == first.png && (second.width, second.height) == (first.width, first.height))
            let small = try await archive.pageImage(item.text, page: 1, size: .thumbnail, by: console)
            #expect(max(small.width, small.height) == 320 && small.etag != first.etag)
            #expect(derived(place).count == 2)
            #expect(try await imaged(archive, item) == 3)
            #expect(try await archive.verified().summary.isSound)
        }
        // What is kept outlives the process that made it.
        try await place.archive(worker: try CountingWorker(place, answer: "refuse").path) { archive in
            let item = try #require(try await archive.items(by: console).first)
            // Another tool would make other images.
            await #expect(throws: PageImageError.self) { try await archive.pageImage(item.id.text, page: 1, size: .page, by: console) }
        }
        try await place.archive { archive in
            let item = try #require(try await archive.items(by: console).first)
            func files() throws -> [Int?] {
                try derived(place).map { name in
                    try FileManager.default.attributesOfItem(atPath: "\(place.archivePath)/derived/\(name)")[.systemFileNumber] as? Int
                }
            }
            let before = try files()
            _ = try await archive.pageImage(item.id.text, page: 1, size: .page, by: console)
            #expect(try files() == before)
        }
    }

    @Test func `what is not there is not found; that an item has no such page is a look at it`() async throws {
        let place = try TestPlace()
        try await place.archive { archive in
            let (item, _) = try await depositSample(archive, place)
            for page in [0, -1, 2, 99, Int.max] {
                let error = await #expect(throws: PageImageError.self) {
                    try await archive.pageImage(item.text, page: page, size: .page, by: console)
                }
                #expect(error.map(Archive.isNotFound) == true, "\(page)")
            }
            await #expect(throws: ArchiveError.self) { try await archive.pageImage("ev-0000000000000000", page: 1, size: .page, by: console) }
            let text = try await archive.deposit(place.source("a.txt", "Minh chứng")).onlyItem()
            let error = await #expect(throws: PageImageError.self) { try await archive.pageImage(text.text, page: 1, size: .page, by: console) }
            #expect(error?.description == "cannot show page 1 of \(text): files of the kind text/plain are not shown")
            #expect(try await imaged(archive, item) == 0)
            #expect(try await archive.accesses(about: item.text, by: console).count { $0.kind == "evidence.viewed" } == 5)
            #expect(try await archive.accesses(about: text.text, by: console).count { $0.kind == "evidence.viewed" } == 1)
            #expect(derived(place).isEmpty)
        }
    }

    @Test func `a kept image that is damaged is made again; damaged evidence is not shown`() async throws {
        let place = try TestPlace()
        try await place.archive { archive in
            let (item, object) = try await depositSample(archive, place)
            let first = try await archive.pageImage(item.text, page: 1, size: .thumbnail, by: console)
            let file = URL(fileURLWithPath: "\(place.archivePath)/derived/\(derived(place)[0])")
            var bytes = try Data(contentsOf: file)
            bytes[bytes.count / 2] ^= 1
            try bytes.write(to: file)
            #expect(try await archive.pageImage(item.text, page: 1, size: .thumbnail, by: console).png == first.png)
            try place.edit(object.digest) { $0[$0.count / 2] ^= 1 }
            await #expect(throws: VaultError.self) { try await archive.pageImage(item.text, page: 1, size: .page, by: console) }
            #expect(try await imaged(archive, item) == 2)
        }
    }

    @Test func `a page image is written while somebody else acts, and only then gets its name`() async throws {
        let place = try TestPlace()
        try await place.archive { archive in
            let (item, _) = try await depositSample(archive, place)
            let (begun, begins) = AsyncStream<Void>.makeStream()
            let isWritten = Mutex(false)
            async let acting: Void = BlockingWork.alone {
                try archive.acting {
                    begins.finish()
                    // Whoever acts is kept waiting by nobody, so this sees the file while it acts.
                    while !isWritten.withLock({ $0 }) {
                        if derived(place).contains(where: { $0.hasSuffix(".part") }) { isWritten.withLock { $0 = true } }
                        sched_yield()
                    }
                    #expect(!derived(place).contains { !$0.hasSuffix(".part") })
                }
            }
            for await _ in begun {}
            _ = try await archive.pageImage(item.text, page: 1, size: .thumbnail, by: console)
            try await acting
            #expect(derived(place).count == 1 && !derived(place)[0].hasSuffix(".part"))
        }
    }

    @Test func `erasure takes the images of what is erased, and only those`() async throws {
        let place = try TestPlace()
        try await place.archive { archive in
            let (item, object) = try await depositSample(archive, place)
            let otherBytes = Array(try Data(contentsOf: sampleFolder.appendingPathComponent("Chứng chỉ ngoại ngữ - Lê Minh Họa.pdf")))
            let other = try await archive.deposit(place.source("b.pdf", otherBytes)).onlyItem()
            for size in PageImageSize.allCases {
                for item in [item, other] { _ = try await archive.pageImage(item.text, page: 1, size: size, by: console) }
            }
            #expect(derived(place).count { $0.contains(object.digest.hex) } == 2)
            let grounds = ErasureGrounds(reason: "Theo yêu cầu", legalBasis: "Luật 91/2025/QH15, Điều 14", role: .authority)
            _ = try await archive.erase([item.text], grounds: grounds, takesShared: true, applies: true, by: console)
            #expect(derived(place).count == 2 && !derived(place).contains { $0.contains(object.digest.hex) })
            let error = await #expect(throws: ArchiveError.self) { try await archive.pageImage(item.text, page: 1, size: .page, by: console) }
            #expect(error?.description.contains("it was erased, by record") == true)
            _ = try await archive.pageImage(other.text, page: 1, size: .page, by: console)
            try await archive.rebuild()
            #expect(derived(place).isEmpty)
            _ = try await archive.pageImage(other.text, page: 1, size: .page, by: console)
            #expect(derived(place).count == 1)
        }
    }

    @Test func `a page that cannot be shown is not tried again`() async throws {
        let place = try TestPlace()
        let worker = try CountingWorker(place, answer: "refuse")
        for _ in 0..<2 {
            try await place.archive(worker: worker.path) { archive in
                var item = try await archive.items(by: console).first?.id
                if item == nil { item = try await depositSample(archive, place).item }
                let known = try #require(item)
                for _ in 0..<3 {
                    let error = await #expect(throws: PageImageError.self) {
                        try await archive.pageImage(known.text, page: 1, size: .page, by: console)
                    }
                    #expect(error?.description == "cannot show page 1 of \(known): too bad")
                }
            }
        }
        #expect(try worker.count() == 1)
    }

    @Test func `many who ask for the same page wait for one image, and each look is in the access log`() async throws {
        let place = try TestPlace()
        let worker = try CountingWorker(place, answer: "show")
        try await place.archive(worker: worker.path) { archive in
            let (item, _) = try await depositSample(archive, place)
            let images = try await withThrowingTaskGroup(of: Digest.self) { group in
                for _ in 0..<50 { group.addTask { try await archive.pageImage(item.text, page: 1, size: .page, by: console).etag } }
                return try await group.reduce(into: []) { $0.append($1) }
            }
            #expect(images.count == 50 && Set(images).count == 1)
            #expect(try worker.count() == 1)
            #expect(try await imaged(archive, item) == 50)
        }
    }

    @Test(
        "more than can wait are told that it is busy, and the others are served; one account does not take all places",
        arguments: [(1, Archive.pageImagesAtOnceForOne), (3, Archive.pageImagesAtOnce)])
    func busy(_ accounts: Int, _ places: Int) async throws {
        let place = try TestPlace()
        let worker = try CountingWorker(place, answer: "show")
        try await place.archive(worker: worker.path) { archive in
            let (item, _) = try await depositSample(archive, place)
            // The first image tells which tool it is, so that nobody waits for that.
            _ = try await archive.pageImage(item.text, page: 1, size: .thumbnail, by: console)
            try worker.stop()
            let (busy, shown) = try await withThrowingTaskGroup(of: Bool.self) { group in
                for page in 1...places + 1 {
                    group.addTask {
                        do {
                            _ = try await archive.pageImage(
                                item.text, page: page, size: .page, by: .console(user: "lan-\(page % accounts)"))
                            return true
                        } catch PageImageError.busy {
                            return false
                        }
                    }
                }
                // Nothing is served while the workers stand still, so the one too many comes first.
                let first = try await group.next()
                worker.goOn()
                let rest = try await group.reduce(into: []) { $0.append($1) }
                return (first, rest)
            }
            #expect(busy == false)
            #expect(shown.count == places && shown.allSatisfy(\.self))
            #expect(try worker.count() == places + 1)
        }
    }

    @Test func `without a worker nothing is shown, and it is told why`() async throws {
        let place = try TestPlace()
        try await place.archive(worker: "/nowhere/minhchung-extract") { archive in
            let (item, _) = try await depositSample(archive, place)
            let error = await #expect(throws: PageImageError.self) { try await archive.pageImage(item.text, page: 1, size: .page, by: console) }
            #expect(error?.description.hasPrefix("cannot show pages: starting the extraction worker /nowhere/minhchung-extract") == true)
        }
    }
}

/// A program in the worker's place that counts what it is asked and answers as it is told, or not before it may.
private final class CountingWorker: Sendable {
    let path: String
    private let log: String
    private let gate: Int32

    init(_ place: TestPlace, answer: String) throws {
        (path, log) = ("\(place.path)/worker-\(answer)", "\(place.path)/asked-\(answer)")
        let gatePath = "\(place.path)/gate-\(answer)"
        gate = open(gatePath, O_RDWR | O_CREAT | O_CLOEXEC, 0o600)
        try #require(gate >= 0)
        let script = """
            #!/usr/bin/python3
            import fcntl, os, socket, struct, zlib
            def text(value): return struct.pack('<I', len(value)) + value
            def frame(kind, payload): return struct.pack('<BI', kind, len(payload)) + payload
            def chunk(name, data): return struct.pack('>I', len(data)) + name + data + struct.pack('>I', zlib.crc32(name + data))
            png = (b'\\x89PNG\\r\\n\\x1a\\n' + chunk(b'IHDR', struct.pack('>IIBBBBB', 1, 1, 8, 2, 0, 0, 0))
                + chunk(b'IDAT', zlib.compress(b'\\0\\1\\2\\3')) + chunk(b'IEND', b''))
            answers = {'show': frame(7, png), 'refuse': frame(9, b'\\2too bad')}
            control = socket.socket(fileno=0)
            control.send(struct.pack('<BI', 1, 7) + text(b'fake/1') + b'\\0' + text(b''))
            while True:
                message, descriptors, _, _ = socket.recv_fds(control, 4096, 4)
                if not message: break
                if len(descriptors) != 2: continue
                with open('\(gatePath)') as gate: fcntl.flock(gate, fcntl.LOCK_SH)
                log = os.open('\(log)', os.O_WRONLY | os.O_CREAT | os.O_APPEND)
                os.write(log, b'.')
                os.close(log)
                os.write(descriptors[1], frame(1, b'application/pdf') + answers['\(answer)'])
                for descriptor in descriptors: os.close(descriptor)
                control.send(struct.pack('<BBIQQ', 2, 1, 0, 0, 0) + text(b''))
            """
        try Data(script.utf8).write(to: URL(fileURLWithPath: path))
        try #require(chmod(path, 0o755) == 0)
    }

    deinit { close(gate) }

    /// How many images it was asked for.
    func count() throws -> Int { try Data(contentsOf: URL(fileURLWithPath: log)).count }

    /// From now on it does not answer.
    func stop() throws { try #require(flock(gate, LOCK_EX) == 0) }
    func goOn() { flock(gate, LOCK_UN) }
}
