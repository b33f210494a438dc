import Catalog
import Evidence
import Foundation
import Glibc
import Ledger
import Synchronization
import Testing

@Suite("Commits that many share", .enabled(if: hasSQLite, sqliteAbsence))
struct GroupCommitTests {
    /// Bodies, each on a thread of its own.
    private final class Threads: Sendable {
        private let group = DispatchGroup()

        /// Runs `body` with 0 to `count` - 1; when it returns, all are running.
        func start(_ count: Int, _ body: @escaping @Sendable (Int) -> Void) {
            let running = Counter()
            for number in 0..<count {
                group.enter()
                Thread { [group] in
                    running.add()
                    body(number)
                    group.leave()
                }.start()
            }
            while running.value < count { sched_yield() }
        }

        func wait() { group.wait() }

        static func run(_ count: Int, _ body: @escaping @Sendable (Int) -> Void) {
            let threads = Threads()
            threads.start(count, body)
            threads.wait()
        }
    }

    private final class Counter: Sendable {
        private let count = Mutex(0)
        func add() { count.withLock { $0 += 1 } }
        var value: Int { count.withLock { $0 } }
    }

    @Test func `what waits for a commit shares the next one, and each caller's entry is there when its call returns`() throws {
        let folder = try TemporaryFolder()
        let commits = Counter()
        let catalog = try Catalog(in: folder.path, creates: true, grew: { commits.add() })
        try catalog.append([deposit(object(0))], by: operatorAtConsole, at: moment(0))
        let writers = 60
        let before = commits.value
        let threads = Threads()
        var hasBegun = false
        // Nothing can be committed while the views are folded: all wait.
        try catalog.rebuildViews { _, _ in
            if hasBegun { return }
            hasBegun = true
            threads.start(writers) { number in
                do {
                    if number.isMultiple(of: 2) {
                        let item = EvidenceID.random()
                        let numbers = try catalog.append(
                            [deposit(object(number), item: item), deposit(object(number))], by: operatorAtConsole, at: moment(1))
                        #expect(try catalog.record(numbers.lowerBound).header.subjects == [item.text] && numbers.count == 2)
                    } else {
                        try catalog.appendAccess(.viewed, to: ["ev-\(number)"], by: operatorAtConsole, at: moment(1))
                        #expect(try catalog.accessNumbers(about: ["ev-\(number)"], before: 1000, last: 5).count == 1)
                    }
                } catch { Issue.record(error) }
            }
        }
        #expect(hasBegun)
        threads.wait()
        #expect(catalog.recordTree.size == 1 + writers && catalog.accessTree.size == writers / 2)
        print("\(writers) writers, \(commits.value - before) commits")
        #expect(commits.value - before < writers / 2)
        let (records, access) = (catalog.recordTree, catalog.accessTree)
        try catalog.close()
        let again = try Catalog(in: folder.path)
        #expect(again.recordTree == records && again.accessTree == access && again.damage == nil)
        for number in 0..<records.size { #expect(try again.record(number).header.number == number) }
        try again.close()
    }

    @Test func `one that fails fails no other, and leaves no gap`() throws {
        let folder = try TemporaryFolder()
        let catalog = try Catalog(in: folder.path, creates: true)
        let item = EvidenceID.random()
        try catalog.append([deposit(object(0), item: item)], by: operatorAtConsole, at: moment(0))
        let acts = (1...9).map { number in
            // An item is deposited once.
            Catalog.Act(
                [deposit(object(number)), deposit(object(number), item: number == 5 ? item : .random())], by: operatorAtConsole, at: moment(1))
        }
        let outcomes = catalog.append(each: acts)
        #expect(outcomes.map { (try? $0.get()) != nil } == (1...9).map { $0 != 5 })
        #expect(outcomes.compactMap { try? $0.get() } == (0..<8).map { 1 + 2 * $0..<3 + 2 * $0 })
        #expect(catalog.recordTree.size == 17 && catalog.append(each: []).isEmpty)

        let (failed, done) = (Counter(), Counter())
        Threads.run(40) { number in
            do {
                try catalog.append(
                    [deposit(object(100 + number)), deposit(object(number), item: number % 4 == 0 ? item : .random())], by: operatorAtConsole,
                    at: moment(2))
                done.add()
            } catch { failed.add() }
        }
        #expect(failed.value == 10 && done.value == 30 && catalog.recordTree.size == 17 + 60)
        let root = catalog.recordTree.root
        try catalog.close()
        let again = try Catalog(in: folder.path)
        #expect(again.recordTree.root == root && again.damage == nil)
        for number in 0..<77 { #expect(try again.record(number).header.number == number) }
        try again.close()
    }

    @Test func `an index that many follow at once shows each what was committed before`() throws {
        let folder = try TemporaryFolder()
        let catalog = try Catalog(in: folder.path, creates: true)
        let index = try SearchIndex(in: folder.path)
        let texts = Mutex<[Digest: [UInt8]]>([:])
        Threads.run(12) { thread in
            do {
                for round in 0..<6 {
                    let word = "tu\(thread)x\(round)"
                    let (evidence, text) = (object(1000 * thread + round), Array("\(word)\u{0C}".utf8))
                    let description = ObjectDescription(
                        digest: Digest(of: text), size: Int64(text.count), pieceListDigest: Digest(of: Digest(of: text).bytes))
                    texts.withLock { $0[description.digest] = text }
                    try catalog.append([deposit(evidence)], by: operatorAtConsole, at: moment(0))
                    try index.follow(catalog, text: { object in texts.withLock { $0[object.digest] } })
                    let finding = ExtractionFinding(state: .extracted, mediaType: "text/plain", pageCount: 1, text: description, tool: "t/1")
                    try catalog.append(
                        [Catalog.Draft(.objectExtracted(object: evidence.digest, finding), subjects: [])], by: operatorAtConsole, at: moment(0))
                    try index.follow(catalog, text: { object in texts.withLock { $0[object.digest] } })
                    let found = try index.search(word, within: .everything, limit: 5)?.hits.count
                    #expect(found == 1, "\(word)")
                }
            } catch { Issue.record(error) }
        }
        try index.close()
        try catalog.close()
    }

    @Test func `a hundred at once are faster than one after the other`() throws {
        // On a disk that syncs, where there is one.
        let path = "/tmp/minhchung-commits-\(UInt64.random(in: 0...UInt64.max))"
        try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: false)
        defer { try? FileManager.default.removeItem(atPath: path) }  // a leftover in /tmp fails no test
        let commits = Counter()
        let catalog = try Catalog(in: path, creates: true, grew: { commits.add() })
        let clock = ContinuousClock()
        let alone = try clock.measure {
            for number in 0..<100 { try catalog.append([deposit(object(number))], by: operatorAtConsole, at: moment(0)) }
        }
        let before = commits.value
        let together = clock.measure {
            Threads.run(100) { number in
                do { try catalog.append([deposit(object(100 + number))], by: operatorAtConsole, at: moment(0)) } catch { Issue.record(error) }
            }
        }
        print("100 appends: \(alone) one after the other, \(together) at once in \(commits.value - before) commits, ratio \(alone / together)")
        #expect(before == 100 && commits.value - before <= 100 && catalog.recordTree.size == 200)
        try catalog.close()
    }
}
