import Custody
import Evidence
import Foundation
import Glibc
import Ledger
import Recognition
import Testing

@Suite("Restore", .serialized, DecidedArchive(), .timeLimit(.minutes(10)))
struct RestoreTests {
    /// Tables that the ledger alone decides; a restored archive has one record more.
    private static let views = ["item", "object", "person", "dossier", "citation", "title", "decision", "score", "piece_list", "record_body"]

    @Test("a restored archive is the same: bytes, views, traces and verdicts; and sound", .enabled(if: hasSQLite, sqliteAbsence))
    func roundTrip() async throws {
        let (made, copy) = try await DecidedArchive.copy()
        let place = try TestPlace()
        try await place.backUp(copy.archive)
        let restored = await place.restore()
        let summary = try #require(restored.summary, "\(restored)")
        #expect(restored.defects.isEmpty && summary.hasNewEpoch && summary.epoch == 2 && summary.record == summary.description.records.size)
        #expect(!place.exists(place.restoredPath() + ".restoring"))

        func dump(_ path: String) async throws -> String {
            let tables = try await copy.run(["sqlite3", "\(path)/archive.sqlite", "SELECT name FROM sqlite_schema WHERE type = 'table'"]).output
            let queries = Self.views.filter { tables.split(separator: "\n").map(String.init).contains($0) }
            #expect(queries.count > 5)
            let limit = "WHERE number < \(summary.record)"
            return try await copy.run(
                ["sqlite3", "\(path)/archive.sqlite"] + queries.map { "SELECT * FROM \($0) \($0 == "record_body" ? limit : "");" }
            ).output
        }
        let (before, after) = (try await dump(copy.archive), try await dump(place.restoredPath()))
        #expect(before == after && before.utf8.count > 1000)
        let title = try #require(made.names["REPLACED"])
        func shown(_ path: String) async throws -> [String] {
            try await place.opened(path) { archive in
                var lines = try await archive.replay(title, by: console).map { "\($0.verdict.total) \($0.verdict.reasons) \($0.differences)" }
                let trace = try await archive.traceEvidence(try #require(made.names["PROOF"]), by: console)
                lines += trace.uses.map { "\($0.dossier) \($0.citations) \($0.before.reasons) \($0.after.reasons)" }
                guard case .title(let title) = try await archive.traceTitle(title, by: console) else { return [] }
                lines.append("\(title.title) \(title.indicators.map(\.citations)) \(title.indicators.map(\.scoreRecord)) \(title.verdict.reasons)")
                for item in try await archive.items(by: console) {
                    let (bytes, _, error) = await archive.exported(item.id.text)
                    #expect(error == nil)
                    lines.append("\(item.id) \(Digest(of: bytes)) \(item.metadata)")
                }
                return lines
            }
        }
        let (ours, theirs) = (try await shown(copy.archive), try await shown(place.restoredPath()))
        #expect(ours.count > 10 && ours == theirs)
        try await place.opened(place.restoredPath()) { archive in
            let findings = try await archive.verified().findings
            #expect(findings.isEmpty, "\(findings)")
            #expect(try await archive.checkpoint().records.checkpoint.origin.epoch == 2)
        }
        try await place.expectSoundByOracle(place.restoredPath())
    }

    @Test("nothing that is there is overwritten, and a leftover of another kind is left alone")
    func targets() async throws {
        let place = try TestPlace()
        try await place.archive { archive in _ = try await archive.deposit(try place.source("a.txt", "một")) }
        try await place.backUp()
        func refused(_ name: String) async throws -> String { "\(try #require(await place.restore(to: name).error))" }
        #expect(try await refused("archive").contains("there is something already"))
        try Data("x".utf8).write(to: URL(fileURLWithPath: place.restoredPath("file")))
        #expect(try await refused("file").contains("there is something already"))
        #expect(try place.bytes(of: place.restoredPath("file")) == Array("x".utf8))
        try FileManager.default.createDirectory(atPath: place.restoredPath("empty"), withIntermediateDirectories: false)
        #expect((await place.restore(to: "empty")).error == nil)
        // What an interrupted restore left goes; what somebody else has put there stays.
        let left = place.restoredPath("new") + ".restoring"
        try FileManager.default.createDirectory(atPath: left + "/archive/objects", withIntermediateDirectories: true)
        try Data("x".utf8).write(to: URL(fileURLWithPath: left + "/archive/format.json"))
        #expect(try await refused("new").contains("in the way"))
        _ = FileManager.default.createFile(atPath: left + "/minhchung-restore", contents: nil)
        _ = FileManager.default.createFile(atPath: left + "/diary", contents: nil)
        #expect(try await refused("new").contains("in the way"))
        #expect(place.exists(left + "/diary") && place.exists(left + "/archive/format.json"))
        try #require(unlink(left + "/diary") == 0)
        #expect((await place.restore(to: "new")).error == nil && !place.exists(left))
    }

    @Test("other keys are refused, and no keys")
    func keys() async throws {
        let (place, other) = (try TestPlace(), try TestPlace())
        for place in [place, other] {
            try await place.archive { archive in _ = try await archive.deposit(try place.source("a.txt", "một")) }
            try await place.backUp()
        }
        func refused(_ keys: RestoreRequest.Keys) async throws -> String {
            let restored = await place.restore(keys: keys)
            #expect(!place.exists(place.restoredPath()) && !place.exists(place.restoredPath() + ".restoring"))
            return "\(try #require(restored.error))"
        }
        #expect(try await refused(.folder(other.keysPath)).contains("not the key of archive"))
        #expect(try await refused(.folder(place.path)).contains("cannot be read"))
        // Of this archive, but not the one that signed; and another key of numbers.
        try FileManager.default.copyItem(atPath: place.keysPath, toPath: place.path + "/mixed")
        try place.change(place.path + "/mixed/person-number.key") { $0[0] ^= 1 }
        #expect(try await refused(.folder(place.path + "/mixed")).contains("personal numbers"))
        let sealed = try await other.archive { try await $0.backUpKeys(passphrase: "một hai ba bốn năm") }
        #expect(try await refused(.backup(sealed, passphrase: "một hai ba bốn năm")).contains("it is of archive"))
        let own = try await place.archive { try await $0.backUpKeys(passphrase: "một hai ba bốn năm") }
        #expect((await place.restore(keys: .backup(own, passphrase: "một hai ba bốn năm"))).error == nil)
    }

    @Test("keys that were changed since are those of that time, and of the ledger where format.json is older")
    func rotatedKeys() async throws {
        let place = try TestPlace()
        try await place.archive { _ in }
        try await place.backUp()
        try await place.archive { archive in _ = try await archive.rotateKey(reason: "đổi người giữ", by: console) }
        let later = try await place.backUp()
        let old = await place.restore(to: "old keys")
        #expect(old.reason.contains("backup of the keys of that time"))
        #expect((await place.restore(to: "new keys", keys: .folder(place.archivePath + "/keys"))).summary?.snapshot == later.snapshot)
        #expect(try await place.opened(place.restoredPath("new keys")) { try await $0.verified().findings.isEmpty })
    }

    @Test("without its keys an archive goes on with a new one, and its ledger says so")
    func lostKeys() async throws {
        let place = try TestPlace()
        try await place.archive { archive in _ = try await archive.deposit(try place.source("a.txt", "một")) }
        try await place.backUp()
        let restored = await place.restore(keys: .lost)
        let (new, old) = try #require(restored.summary?.newKey, "\(restored)")
        #expect(new != old)
        try await place.opened(place.restoredPath()) { archive in
            let findings = try await archive.verified().findings
            #expect(findings.isEmpty, "\(findings)")
            let keys = try await archive.keys()
            #expect(keys.current == new && keys.former.map(\.key) == [old])
            #expect(try await archive.checkpoint().records.checkpoint.origin.epoch == 2)
        }
        try await place.expectSoundByOracle(place.restoredPath())
    }

    // MARK: Damage

    struct Harm: Sendable, CustomTestStringConvertible {
        let testDescription: String
        let findings: [String]
        let body: @Sendable (TestPlace, _ snapshot: String) async throws -> Void

        init(_ description: String, _ findings: String..., body: @escaping @Sendable (TestPlace, String) async throws -> Void) {
            testDescription = description
            self.findings = findings
            self.body = body
        }
    }

    /// Runs SQL on the ledger of the snapshot, past its triggers.
    private static func sql(_ snapshot: String, _ sql: String) async throws {
        let file = snapshot + "/archive.sqlite"
        let script = """
            drops=$(sqlite3 "$1" "SELECT 'DROP TRIGGER ' || name || ';' FROM sqlite_schema WHERE type = 'trigger'"); sqlite3 "$1" "$drops $2"
            """
        let (status, output) = try await Workplace().run(["sh", "-euc", script, "sh", file, sql])
        try #require(status == 0, "\(output)")
    }

    private static func edit(_ place: TestPlace, _ snapshot: String, _ name: String, _ old: String, _ new: String) throws {
        try place.change("\(snapshot)/\(name)") { bytes in bytes = Array(String(decoding: bytes, as: UTF8.self).replacing(old, with: new).utf8) }
    }

    static let harms = [
        Harm("backup.json is gone", "backup.json is missing") { _, snapshot in try #require(unlink(snapshot + "/backup.json") == 0) },
        Harm("backup.json is cut short", "backup.json: ") { place, snapshot in try place.change(snapshot + "/backup.json") { $0.removeLast(10) } },
        Harm("backup.json has another number of records", "backup.json: it describes", "backup.json: it tells of 91 records") { place, snapshot in
            try edit(place, snapshot, "backup.json", #""records":5"#, #""records":91"#)
        },
        Harm("backup.json has another number of erasures", "backup.json: it tells of 3 erasures") { place, snapshot in
            try edit(place, snapshot, "backup.json", #""erasures":0"#, #""erasures":3"#)
        },
        Harm("backup.json has another epoch and root", "backup.json: it tells of 5 records", "backup.json: it tells of epoch 7") { place, snapshot in
            try edit(place, snapshot, "backup.json", #""epoch":1"#, #""epoch":7"#)
            try edit(place, snapshot, "backup.json", #""record_root":""#, #""record_root":"0000"#)
            try place.change(snapshot + "/backup.json") { bytes in
                let text = String(decoding: bytes, as: UTF8.self)
                bytes = Array(text.replacing(/("record_root":"[0-9a-f]{64})[0-9a-f]{4}/) { "\($0.output.1)" }.utf8)
            }
        },
        Harm(
            "format.json is another archive's", "format.json: it is not the one", "format.json is of archive ar-0000000000000000",
            "the ledger is not that of"
        ) {
            place, snapshot in
            try place.change(snapshot + "/format.json") { bytes in
                bytes = Array(String(decoding: bytes, as: UTF8.self).replacing(/ar-[0-9a-z]{16}/, with: "ar-0000000000000000").utf8)
            }
        },
        Harm("format.json is gone", "format.json is missing") { _, snapshot in try #require(unlink(snapshot + "/format.json") == 0) },
        Harm("archive.sqlite is cut short", "archive.sqlite: it is not the one", "archive.sqlite: ") { place, snapshot in
            try place.change(snapshot + "/archive.sqlite") { $0.removeLast($0.count / 2) }
        },
        Harm("archive.sqlite is gone", "archive.sqlite is missing", "the ledger cannot be opened") { _, snapshot in
            try #require(unlink(snapshot + "/archive.sqlite") == 0)
        },
        Harm("service.sqlite is no database", "service.sqlite: it is not the one", "service.sqlite: file is not a database") { place, snapshot in
            try place.change(snapshot + "/service.sqlite") { $0 = Array("nothing of the kind, and longer than a header of SQLite is".utf8) + $0 }
        },
        Harm("a body was edited", "archive.sqlite: it is not the one", "record 2: its body was edited") { _, snapshot in
            try await sql(snapshot, "UPDATE record_body SET body = replace(body, '1.txt', '9.txt') WHERE number = 2")
        },
        Harm("the last record was cut off", "archive.sqlite: it is not the one", "record 4: it is missing, and all up to 4") { _, snapshot in
            try await sql(
                snapshot,
                "DELETE FROM record WHERE number = 4; DELETE FROM record_body WHERE number = 4; DELETE FROM record_node WHERE level = 0 AND position = 4"
            )
        },
        Harm("a view shows another item", "archive.sqlite: it is not the one", "record 1: the views") { _, snapshot in
            try await sql(snapshot, "UPDATE item SET holder = 'Eve' WHERE key = 1")
        },
    ]

    @Test("damage of a snapshot is named, and nothing is restored", .enabled(if: hasSQLite, sqliteAbsence), arguments: harms)
    func damage(harm: Harm) async throws {
        let place = try TestPlace()
        try await place.archive { archive in _ = try await archive.depositAll(try (0..<4).map { try place.source("\($0).txt", "tệp \($0)") }) }
        let summary = try await place.backUp()
        try await harm.body(place, "\(place.backupPath)/snapshots/\(summary.snapshot)")
        let restored = await place.restore()
        let error = try #require(restored.error)
        #expect(Archive.isRefused(error) && "\(error)".contains("\(restored.defects.count) defect"), "\(error)")
        for finding in harm.findings { #expect(restored.defects.contains { $0.hasPrefix(finding) }, "\(restored.defects) have no \(finding)") }
        #expect(!place.exists(place.restoredPath()) && !place.exists(place.restoredPath() + ".restoring"))
    }

    @Test("all that is wrong is listed at once", .enabled(if: hasSQLite, sqliteAbsence))
    func everything() async throws {
        let place = try TestPlace()
        let objects = try await place.archive { archive in
            let deposited = try await archive.depositAll(try (0..<6).map { try place.source("\($0).txt", "tệp \($0)") })
            return try (0..<6).map { try #require(deposited.new[$0]?.object.digest) }
        }
        let summary = try await place.backUp()
        let snapshot = "\(place.backupPath)/snapshots/\(summary.snapshot)"
        for object in objects[0...1] { try place.change(place.pooled(object)) { $0[2] ^= 0x20 } }
        try place.change(place.pooled(objects[2])) { $0.append(0) }
        try #require(unlink(place.pooled(objects[3])) == 0)
        try #require(unlink(place.pooled(objects[4])) == 0 && mkdir(place.pooled(objects[4]), 0o700) == 0)
        try await Self.sql(snapshot, "UPDATE record_body SET body = replace(body, '1.txt', '9.txt') WHERE number = 2")
        try Self.edit(place, snapshot, "backup.json", #""bytes":4"#, #""bytes":5"#)
        try Self.edit(place, snapshot, "format.json", #""format":1"#, #""format":8"#)
        let restored = await place.restore()
        let expected =
            [
                "object \(objects[0]): its content", "object \(objects[1]): its content", "object \(objects[2]): it has 8 bytes",
                "object \(objects[3]): it is missing", "object \(objects[4]): something that is not", "record 2: its body was edited",
                "backup.json: it tells of 6 objects (5", "format.json: it is not the one", "archive.sqlite: it is not the one",
            ]
        for finding in expected { #expect(restored.defects.contains { $0.hasPrefix(finding) }, "\(restored.defects) have no \(finding)") }
        #expect(restored.defects.contains { $0.contains("its format is not") })
        #expect(restored.defects.count == expected.count + 1, "\(restored.defects)")
    }

    // MARK: Erasures

    @Test("what was erased since the backup is erased again, to the last byte", .enabled(if: hasSQLite, sqliteAbsence))
    func replay() async throws {
        let place = try TestPlace()
        let name = "Trần Thị Riêng Tư"
        let (person, own, shared, other) = try await place.archive { archive in
            let outcomes = try await archive.registerPeople(
                [PersonEntry(name: name, birthYear: 1990, group: "farmer"), PersonEntry(name: "Bình", birthYear: 1980, group: "worker")], by: console)
            let people = outcomes.compactMap { if case .registered(let id) = $0 { id } else { nil } }
            let sources = try [
                place.source("own.txt", "Giấy của \(name)", EvidenceMetadata(title: "Của tôi", holder: name, person: people[0])),
                place.source(
                    "shared.txt", "Danh sách: \(name), Bình", EvidenceMetadata(title: "Danh sách có \(name)", holder: "Bình", person: people[1])),
                place.source("other.txt", "Giấy của Bình", EvidenceMetadata(holder: "Bình", person: people[1])),
            ]
            let deposited = try await archive.depositAll(sources, extracts: true)
            return (people[0], try #require(deposited.new[0]?.item), try #require(deposited.new[1]?.item), try #require(deposited.new[2]?.item))
        }
        // Kept aside, as on a disk in a cupboard.
        try await place.backUp()
        try FileManager.default.copyItem(atPath: place.backupPath, toPath: place.path + "/aside")
        let list = place.path + "/list"
        let plan = try await place.archive { archive in
            try await archive.erase([person.text], grounds: erasing, takesShared: true, applies: true, list: list, by: console)
        }
        #expect(Set(plan.items.map(\.id)) == [own, shared])
        let lines = try place.bytes(of: list)
        #expect(String(decoding: lines, as: UTF8.self).contains(#""shared":true"#))
        #expect(try place.files(in: place.archivePath, containing: "Riêng Tư").isEmpty)
        try FileManager.default.removeItem(atPath: place.backupPath)
        try FileManager.default.moveItem(atPath: place.path + "/aside", toPath: place.backupPath)

        // Without saying what became of the list nothing is restored: the command asks for it. Here it is given.
        let gone = await place.restore(to: "gone", list: place.path + "/no list")
        #expect(gone.reason.contains("--no-erasure-list"))
        let restored = await place.restore(list: list)
        let summary = try #require(restored.summary, "\(restored)")
        #expect(summary.erasedAgain.count == 1 && summary.erasedAgain[0].listed == plan.record)
        #expect(try place.files(in: place.restoredPath(), containing: "Riêng Tư").isEmpty)
        #expect(try place.bytes(of: list) == lines)
        #expect(try place.bytes(of: place.restoredPath() + ".erasures") == lines)
        try await place.opened(place.restoredPath()) { archive in
            #expect(try await archive.verified().findings.isEmpty)
            #expect(await archive.exported(other.text).bytes == Array("Giấy của Bình".utf8))
            for item in [own, shared] { #expect(await archive.exported(item.text).error != nil) }
            let again = try await archive.erase([other.text], grounds: erasing, applies: false, by: console)
            #expect(again.items.map(\.id) == [other])
        }
        try await place.expectSoundByOracle(place.restoredPath())
        // Another restore has its own list beside it, and needs none to be named.
        let second = await place.restore(to: "restored again", list: place.restoredPath() + ".erasures")
        #expect(second.summary?.erasedAgain.count == 1)
        // With none it would come back; that was said.
        #expect((await place.restore(to: "all of it")).error == nil)
        #expect(try !place.files(in: place.restoredPath("all of it"), containing: "Riêng Tư").isEmpty)
        // The folder of backups forgets with the restored archive's first backup.
        try await place.backUp(place.restoredPath())
        #expect(try place.files(in: place.backupPath, containing: "Riêng Tư").isEmpty)
    }

    @Test("a legal hold wins over the erasure list")
    func hold() async throws {
        let place = try TestPlace()
        let item = try await place.archive { archive in
            let item = try await archive.deposit(try place.source("a.txt", "một")).onlyItem()
            _ = try await archive.placeHold(
                item.text, grounds: ErasureGrounds(reason: "khiếu nại", legalBasis: "Luật", role: .inspector), by: console)
            return item
        }
        let summary = try await place.backUp()
        let list = place.path + "/list"
        try await place.archive { archive in
            _ = try await archive.releaseHold(item.text, grounds: ErasureGrounds(reason: "xong", legalBasis: "Luật", role: .inspector), by: console)
            _ = try await archive.erase([item.text], grounds: erasing, applies: true, list: list, by: console)
        }
        let restored = await place.restore(snapshot: summary.snapshot, list: list)
        let error = try #require(restored.error)
        #expect("\(error)".contains("legal hold") && Archive.isRefused(error) && !place.exists(place.restoredPath()))
        #expect(!place.exists(place.restoredPath() + ".restoring"))
    }
}
