import Custody
import Evidence
import Foundation
import Glibc
import Ledger
import Synchronization
import Testing

@Suite("Backup", .serialized, .timeLimit(.minutes(10)))
struct BackupTests {
    @Test("only what is new is copied, and a snapshot is one file of each database")
    func incremental() async throws {
        let place = try TestPlace()
        try await place.archive { archive in
            _ = try await archive.depositAll(try (1...20).map { try place.source("\($0).txt", "tệp \($0)") })
        }
        let first = try await place.backUp()
        #expect(first.copied == 20 && first.description.objects == 20 && first.isWhole && first.description.records.size == 21)
        try await place.archive { archive in
            // While it is open in this process too.
            _ = try await archive.depositAll(try (21...25).map { try place.source("\($0).txt", "tệp \($0)") })
            let second = try await place.backUp()
            #expect(second.copied == 5 && second.copiedBytes == 5 * 8 && second.description.objects == 25 && second.description.records.size == 26)
            #expect(second.snapshot > first.snapshot && second.removedSnapshots.isEmpty && second.removedObjects == 0)
        }
        let third = try await place.backUp()
        #expect(third.copied == 0 && third.mended == 0)
        for name in [first.snapshot, third.snapshot] {
            let files = try FileManager.default.contentsOfDirectory(atPath: "\(place.backupPath)/snapshots/\(name)").sorted()
            #expect(files == ["archive.sqlite", "backup.json", "format.json", "service.sqlite"])
            // A rollback journal, so that no -wal belongs to it.
            #expect(try Array(place.bytes(of: "\(place.backupPath)/snapshots/\(name)/archive.sqlite")[18..<20]) == [1, 1])
        }
        #expect(try place.files(in: place.backupPath, containing: "PRIVATE").isEmpty)
        #expect(!place.exists(place.backupPath + "/keys") && !place.exists(place.backupPath + "/search.sqlite"))
    }

    @Test("an archive that nobody has open is read without a record or a byte of its files changed")
    func reads() async throws {
        let place = try TestPlace()
        try await place.archive { archive in _ = try await archive.deposit(try place.source("a.txt", "một")) }
        let files = ["archive.sqlite", "service.sqlite", "format.json", "lock"].map { "\(place.archivePath)/\($0)" }
        let before = try files.map { try place.bytes(of: $0) }
        try await place.backUp()
        #expect(try files.map { try place.bytes(of: $0) } == before)
        for name in ["archive", "service"] {
            // Where SQLite needed them they are there, and empty.
            let log = "\(place.archivePath)/\(name).sqlite-wal"
            if place.exists(log) { #expect(try place.bytes(of: log) == []) }
        }
        let status = try await place.archive { try await $0.status() }
        #expect(status.records == 2)
    }

    @Test("a ledger that is still in its write-ahead log is backed up, and the log is left as it is", .enabled(if: hasSQLite, sqliteAbsence))
    func hotLog() async throws {
        let place = try TestPlace()
        let copy = place.path + "/crashed"
        try await place.archive { archive in
            _ = try await archive.deposit(try place.source("a.txt", "một"), try place.source("b.txt", "hai"))
            // As a kill leaves it: nothing was checkpointed.
            try FileManager.default.copyItem(atPath: place.archivePath, toPath: copy)
        }
        for name in ["archive", "service"] { unlink("\(copy)/\(name).sqlite-shm") }
        let log = try place.bytes(of: copy + "/archive.sqlite-wal")
        #expect(!log.isEmpty)
        let ledger = try place.bytes(of: copy + "/archive.sqlite")
        let summary = try await place.backUp(copy)
        #expect(summary.description.records.size == 3 && summary.isWhole)
        #expect(try place.bytes(of: copy + "/archive.sqlite-wal") == log && place.bytes(of: copy + "/archive.sqlite") == ledger)
        #expect((await place.restore()).error == nil)
    }

    @Test("it is consistent while another process deposits")
    func inUse() async throws {
        let place = try TestPlace()
        try await place.archive { _ in }
        let workplace = try await Workplace()
        let script = """
            cd '\(place.path)'; i=0
            while [ ! -e stop ] && [ $i -lt 500 ]; do
                i=$((i + 1)); mkdir in; for j in 1 2 3 4 5; do echo "$i $j" > "in/$i-$j.txt"; done
                '\(programPath)' deposit --archive archive --quiet in; rm -r in
            done
            """
        async let depositing = workplace.run(["sh", "-c", script])
        defer { _ = FileManager.default.createFile(atPath: place.path + "/stop", contents: nil) }
        var sizes: [Int] = []
        for number in 1...6 {
            try await Task.sleep(for: .milliseconds(300))
            let summary = try await place.backUp()
            sizes.append(summary.description.records.size)
            #expect(summary.isWhole)
            if number.isMultiple(of: 3) {
                let restored = await place.restore(to: "r\(number)")
                try #require(restored.error == nil && restored.defects.isEmpty, "\(restored)")
                let findings = try await place.opened(place.restoredPath("r\(number)")) { try await $0.verified().findings }
                #expect(findings.isEmpty, "\(findings)")
            }
        }
        _ = FileManager.default.createFile(atPath: place.path + "/stop", contents: nil)
        let (status, output) = try await depositing
        #expect(status == 0, "\(output)")
        #expect(sizes == sizes.sorted() && (sizes.last ?? 0) > (sizes.first ?? 0))
        #expect(try await place.archive { try await $0.verified().findings.isEmpty })
    }

    @Test("what is damaged or missing in the archive is named, and all else is there")
    func missing() async throws {
        let place = try TestPlace()
        let objects = try await place.archive { archive in
            let deposited = try await archive.depositAll(try (0..<4).map { try place.source("\($0).txt", "tệp \($0)") })
            return try (0..<4).map { try #require(deposited.new[$0]?.object.digest) }
        }
        try place.edit(objects[1]) { $0[0] ^= 1 }
        try #require(unlink(place.objectPath(objects[2])) == 0)
        let summary = try await place.backUp()
        #expect(Set(summary.missing.map(\.object)) == Set(objects[1...2]) && !summary.isWhole && summary.copied == 2)
        #expect(summary.description.missing == objects[1...2].sorted())
        let refused = await place.restore()
        #expect(refused.defects.count == 2 && refused.isRefused && !place.exists(place.restoredPath()))
        #expect(!place.exists(place.restoredPath() + ".restoring"))
        let accepted = await place.restore(acceptsMissing: true)
        #expect(accepted.summary?.missing == objects[1...2].sorted(), "\(accepted)")
        #expect(try await place.opened(place.restoredPath()) { try await $0.verified().findings.count } == 2)
        // What an earlier backup has is not lost.
        try FileManager.default.removeItem(atPath: place.backupPath)
        try await place.archive { archive in _ = try await archive.depositAll(try (0..<4).map { try place.source("\($0).txt", "tệp \($0)") }) }
        #expect(try await place.backUp().isWhole)
        try #require(unlink(place.objectPath(objects[3])) == 0)
        #expect(try await place.backUp().isWhole)
        #expect((await place.restore(to: "again")).error == nil)
    }

    @Test("with a check the pool is read whole, and mended from the archive")
    func check() async throws {
        let place = try TestPlace()
        let objects = try await place.archive { archive in
            let deposited = try await archive.depositAll(try (0..<3).map { try place.source("\($0).txt", "tệp \($0)") })
            return try (0..<3).map { try #require(deposited.new[$0]?.object.digest) }
        }
        try await place.backUp()
        for object in objects[1...] { try place.change(place.pooled(object)) { $0[1] ^= 4 } }
        // Nobody looks at what has the right size…
        #expect(try await place.backUp().copied == 0)
        try #require(unlink(place.objectPath(objects[2])) == 0)
        let checked = try await place.backUp(checksPool: true)
        #expect(checked.mended == 1 && checked.missing.map(\.object) == [objects[2]])
        #expect(!place.exists(place.pooled(objects[2])))
        // A length that is wrong is seen at once.
        try place.change(place.pooled(objects[0])) { $0.removeLast() }
        #expect(try await place.backUp().mended == 1)
    }

    @Test("old snapshots go, and what only they had")
    func keep() async throws {
        let place = try TestPlace()
        var names: [String] = []
        for number in 0..<5 {
            try await place.archive { archive in _ = try await archive.deposit(try place.source("\(number).txt", "tệp \(number)")) }
            names.append(try await place.backUp(keep: 3).snapshot)
        }
        #expect(try FileManager.default.contentsOfDirectory(atPath: place.backupPath + "/snapshots").sorted() == Array(names[2...]))
        #expect(try place.poolCount() == 5)
    }

    @Test("one backup at a time, of one archive, into a folder of its own")
    func refusals() async throws {
        let place = try TestPlace()
        try await place.archive { _ in }
        try await place.backUp()
        let lock = open(place.backupPath + "/lock", O_RDWR)
        // A child that another test is starting may have the lock of before for a moment.
        try #require(lock >= 0 && flock(lock, LOCK_SH) == 0)
        await #expect { try await place.backUp() } throws: { Archive.isInUse($0) }
        // Who restores only reads.
        #expect((await place.restore(to: "while somebody reads")).error == nil)
        flock(lock, LOCK_UN)
        try #require(flock(lock, LOCK_EX) == 0)
        #expect((await place.restore()).reason.contains("in use"))
        close(lock)
        let other = try TestPlace()
        try await other.archive { _ in }
        await #expect { try await place.backUp(other.archivePath) } throws: { "\($0)".contains("choose another folder") }
        await #expect {
            try await Archive.backUp(place.archivePath, to: place.path, holder: "a test")
        } throws: { "\($0)".contains("something else in it") }
        await #expect(throws: (any Error).self) { try await Archive.backUp(place.path + "/nothing", to: place.path + "/b", holder: "a test") }
        #expect(!place.exists(place.path + "/b"))
    }

    // MARK: Interrupted

    @Test("an interrupted backup is no backup, and the one before it stays")
    func interrupted() async throws {
        let place = try TestPlace()
        try await place.archive { archive in _ = try await archive.deposit(try place.source("a.txt", "một")) }
        let summary = try await place.backUp()
        let snapshots = place.backupPath + "/snapshots"
        // As a kill leaves it: a copy without its description, under no name of its own, and a file on its way into the pool.
        try FileManager.default.copyItem(atPath: "\(snapshots)/\(summary.snapshot)", toPath: "\(snapshots)/2099-01-01T00-00-00.000Z.partial")
        try Data("x".utf8).write(to: URL(fileURLWithPath: place.backupPath + "/staging/left.part"))
        let restored = await place.restore()
        #expect(restored.summary?.snapshot == summary.snapshot && restored.summary?.interrupted == ["2099-01-01T00-00-00.000Z"])
        let named = await place.restore(to: "named", snapshot: "2099-01-01T00-00-00.000Z")
        #expect(named.reason.contains("was interrupted"))
        try await place.backUp()
        #expect(try FileManager.default.contentsOfDirectory(atPath: place.backupPath + "/staging").isEmpty)
        #expect(try FileManager.default.contentsOfDirectory(atPath: snapshots).allSatisfy { !$0.hasSuffix(".partial") })
        for name in try FileManager.default.contentsOfDirectory(atPath: snapshots) {
            try #require(rename("\(snapshots)/\(name)", "\(snapshots)/\(name).partial") == 0)
        }
        let refused = await place.restore(to: "none")
        #expect(refused.reason.contains("interrupted") && !place.exists(place.restoredPath("none")))
    }

    // MARK: Erasure

    @Test("what is erased between two backups goes from the folder, with the snapshots that had it")
    func erased() async throws {
        let place = try TestPlace()
        let kept = try await place.archive { archive in try await archive.deposit(try place.source("kept.txt", "giữ lại")).onlyItem() }
        let (item, object) = try await place.archive { archive in
            let deposited = try await archive.deposit(
                try place.source("gone.txt", "Trần Thị Riêng Tư", EvidenceMetadata(holder: "Trần Thị Riêng Tư")))
            let (item, object, _) = try #require(deposited.new[0])
            return (item, object.digest)
        }
        let first = try await place.backUp()
        try place.change(place.pooled(object)) { $0[0] ^= 1 }
        // The damaged copy is in quarantine now, and goes as well.
        #expect(try await place.backUp(checksPool: true).mended == 1)
        #expect(try !place.files(in: place.backupPath, containing: "Riêng Tư").isEmpty)
        try await place.archive { archive in
            _ = try await archive.erase([item.text], grounds: erasing, applies: true, list: place.path + "/list", by: console)
        }
        let after = try await place.backUp()
        #expect(after.description.erasures == 1 && after.removedSnapshots.contains(first.snapshot) && after.removedSnapshots.count == 2)
        #expect(after.removedObjects == 1 && after.description.objects == 1)
        #expect(try place.files(in: place.backupPath, containing: "Riêng Tư").isEmpty)
        #expect(try FileManager.default.contentsOfDirectory(atPath: place.backupPath + "/quarantine").isEmpty)
        #expect((await place.restore(list: place.path + "/list")).error == nil)
        #expect(try await place.opened(place.restoredPath()) { await $0.exported(kept.text).bytes } == Array("giữ lại".utf8))
    }

    @Test("what is erased while a backup is taken is not in it")
    func erasedMeanwhile() async throws {
        let place = try TestPlace()
        let items = try await place.archive { archive in
            let sources = try (0..<30).map { try place.source("\($0).txt", "Riêng Tư \($0)", EvidenceMetadata(holder: "Riêng Tư")) }
            return try await archive.depositAll(sources).new.values.map(\.item.text)
        }
        let erased = Collected<String>()
        let summary = try await Archive.backUp(
            place.archivePath, to: place.backupPath, holder: "a test",
            progress: { stage, _, _ in
                // The databases were copied by then.
                guard stage == "copied", erased.all.isEmpty else { return }
                erased.add("now")
                let process = Process()
                process.executableURL = URL(fileURLWithPath: programPath)
                process.arguments =
                    ["erase", "--archive", place.archivePath, "--quiet", "--apply", "--reason", "rút lại", "--basis", "Luật", "--role", "authority"]
                    + items
                do { try process.run() } catch { Issue.record(error) }
                process.waitUntilExit()
                #expect(process.terminationStatus == 0)
            })
        #expect(summary.description.erasures > 0 && summary.description.objects == 0 && summary.isWhole, "\(summary.description)")
        #expect(try place.files(in: place.backupPath, containing: "Riêng Tư").isEmpty)
        #expect(try FileManager.default.contentsOfDirectory(atPath: place.backupPath + "/snapshots") == [summary.snapshot])
    }

    @Test(
        "a backup in the middle of an erasure has nothing of what was erased, and the erasure is finished where it is restored",
        .enabled(if: hasSQLite, sqliteAbsence))
    func pendingErasure() async throws {
        let place = try TestPlace()
        let item = try await place.archive { archive in
            try await archive.deposit(
                try place.source("gone.txt", "Riêng Tư \(String(repeating: "x", count: 50_000))", EvidenceMetadata(holder: "Trần Riêng Tư"))
            ).onlyItem()
        }
        let path = place.archivePath
        // Somebody reads, so old pages stay in the database: the erasure is recorded and not finished.
        try await place.archive { archive in
            let reader = try DatabaseReader(of: "archive.sqlite", in: place)
            let plan = try await archive.erase([item.text], grounds: erasing, applies: true, list: place.path + "/list", by: console)
            #expect(plan.unfinished.map(\.isOffDisk) == [false])
            try reader.end()
        }
        #expect(place.exists(path))
        let summary = try await place.backUp()
        #expect(summary.description.erasures == 1)
        #expect(try place.files(in: place.backupPath, containing: "Riêng Tư").isEmpty)
        let restored = await place.restore()
        #expect(restored.error == nil, "\(restored)")
        #expect(try place.files(in: place.restoredPath(), containing: "Riêng Tư").isEmpty)
        #expect(try place.bytes(of: place.restoredPath() + ".erasures").isEmpty == false)
        #expect(try await place.opened(place.restoredPath()) { try await $0.verified().findings.isEmpty })
    }
}
