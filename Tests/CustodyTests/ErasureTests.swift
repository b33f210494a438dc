import Custody
import Evidence
import Foundation
import Recognition
import Testing

@Suite("Erasure", .serialized)
struct ErasureTests {
    @Test func `a preview says what would go, and changes nothing but the access log`() async throws {
        let place = try TestPlace()
        try await place.ward { ward in
            let all = try await Erasable(ward)
            let before = try await ward.records()
            let objects = try place.objectCount()
            let plan = try await all.erase(all.person.id.text, applies: false)
            #expect(plan.record == nil && plan.person == all.person.id)
            #expect(Set(plan.items.map(\.id)) == [all.own, all.letter])
            let own = try #require(plan.items.first { $0.id == all.own })
            #expect(own.takesObject && own.title == "Đơn của \(Erasable.name)" && own.dossiers == [all.dossier] && own.titles == [all.title])
            // Another has the same bytes.
            #expect(plan.items.first { $0.id == all.letter }?.takesObject == false)
            let shared = plan.shared.compactMap { if case .item(let id, _, _) = $0 { id } else { nil } }
            #expect(Set(shared) == [ward.minutes, all.list])
            #expect(plan.shared.contains { if case .record(_, .dossierStepped) = $0 { true } else { false } }, "the bystander's review")
            let object = try all.object(all.own)
            #expect(plan.takesShared == nil && plan.namesakes.isEmpty && plan.objects.contains(object))
            #expect(try await ward.records() == before)
            #expect(try place.objectCount() == objects)
            #expect(try await ward.archive.item(all.own.text, by: console).metadata.holder == Erasable.name)
            await Traces.expectRefusal("--shared erase or --shared keep") { try await all.erase(all.person.id.text) }
            #expect(try await ward.records() == before)
            #expect(try place.objectCount() == objects)
        }
    }

    @Test func `who may not, what names the person for ever, and a hold are refused`() async throws {
        let place = try TestPlace()
        try await place.ward { ward in
            let all = try await Erasable(ward)
            for role in Role.allCases where ![.authority, .administrator].contains(role) {
                await Traces.expectRefusal("an authority or an administrator") { try await all.erase(all.own.text, grounds: Erasable.grounds(role)) }
            }
            let naming = Erasable.grounds(.authority, "Bà đặng thị NGỌC hường yêu cầu")
            await Traces.expectRefusal("names the person") { try await all.erase(all.person.id.text, grounds: naming, takesShared: true) }
            await Traces.expectRefusal("one person, or items") { try await all.erase(all.person.id.text, all.own.text) }
            let (archive, inspector) = (ward.archive, officer(.inspector))
            for held in [all.person.id.text, all.own.text, all.dossier.text] {
                _ = try await archive.placeHold(held, grounds: Erasable.grounds(.inspector, "Khiếu nại"), by: inspector)
                let holds = try await archive.holds(by: console).map(\.subject)
                #expect(holds == [held])
                for target in [all.person.id.text, all.own.text] {
                    await Traces.expectRefusal("\(held) is under a legal hold", "Khiếu nại") { try await all.erase(target, takesShared: true) }
                }
                await Traces.expectRefusal("held already") {
                    _ = try await archive.placeHold(held, grounds: Erasable.grounds(.inspector), by: inspector)
                }
                await Traces.expectRefusal("not citizen") {
                    _ = try await archive.releaseHold(held, grounds: Erasable.grounds(.citizen), by: inspector)
                }
                _ = try await archive.releaseHold(held, grounds: Erasable.grounds(.inspector), by: inspector)
                await Traces.expectRefusal("not held") {
                    _ = try await archive.releaseHold(held, grounds: Erasable.grounds(.inspector), by: inspector)
                }
            }
            #expect(try await ward.archive.holds(by: console).isEmpty)
            #expect(try await ward.archive.verified().findings.isEmpty)
        }
    }

    @Test("an erased person is in no byte of the archive, and all that rests on them holds", .enabled(if: hasSQLite, sqliteAbsence))
    func person() async throws {
        let place = try TestPlace()

        let made = try await place.archive { archive in try await Erasable(try await TestWard(place, archive)).known }
        let mac = String(try place.sqlite("archive.sqlite", "SELECT number_mac FROM person WHERE number_mac IS NOT NULL;").dropLast())
        try #require(mac.utf8.count == 64)
        let words = ["ngoc", "huong", "ngọc", "hường", Erasable.word.lowercased()]
        let vocabulary = """
            CREATE VIRTUAL TABLE temp.vocabulary USING fts5vocab('main', 'page_text', 'row');
            SELECT count(*) FROM vocabulary WHERE term IN (\(words.map { "'\($0)'" }.joined(separator: ", ")));
            """
        // The needles are there before, or the search for them would prove nothing.
        #expect(try place.sqlite("search.sqlite", vocabulary) != "0\n")
        let needles = Traces.spellings(Erasable.name) + [Erasable.word, "đơn của Hường.txt", "001199000789", mac, "91/XN"]
        for needle in [Erasable.name, mac, Erasable.word] {
            #expect(try Traces.files(place).contains { $0.bytes.range(of: Data(needle.utf8)) != nil }, "\(needle)")
        }
        let record = try await place.archive { archive in
            let plan = try await archive.erase(
                [made.person.text], grounds: Erasable.grounds(), takesShared: true, applies: true, by: officer(.authority))
            #expect(plan.takesShared == true && Set(plan.items.map(\.id)) == [made.own, made.letter, made.list, made.minutes])
            #expect(plan.left.isEmpty)
            return try #require(plan.record)
        }
        for (name, bytes) in try Traces.files(place) {
            for needle in needles { #expect(bytes.range(of: Data(needle.utf8)) == nil, "\(needle) in \(name)") }
        }
        #expect(try place.sqlite("search.sqlite", vocabulary) == "0\n")
        // Another has the letter.
        for (item, isThere) in [(made.own, false), (made.list, false), (made.minutes, false), (made.letter, true)] {
            let path = place.objectPath(try #require(made.objects[item]))
            #expect(FileManager.default.fileExists(atPath: path) == isThere)
        }
        let list = try String(contentsOfFile: Archive.erasureList(beside: place.archivePath), encoding: .utf8)
        #expect(list.split(separator: "\n").count == 1 && list.contains(#""record":\#(record)"#) && list.contains(made.person.text))
        try await Traces.soundForOracle(place)
        let rows = try Traces.rows(place)
        try await place.archive { archive in
            let (summary, findings) = try await archive.verified()
            #expect(findings.isEmpty && summary.unreferenced == 0, "\(findings)")
            for title in [made.title, made.othersTitle] {
                #expect(try await archive.replay(title.text, by: officer(.inspector)).map(\.isSame) == [true])
                guard case .title(let trace) = try await archive.traceTitle(title.text, by: officer(.inspector)) else {
                    Issue.record("no trace")
                    continue
                }
                #expect(trace.verdict.isRecognised)
            }
            #expect(await archive.exported(made.others.text).bytes == Array("Chứng nhận của người khác".utf8))
            #expect(await archive.exported(made.sameLetter.text).bytes == Array("Thư chung của thôn".utf8))
            let gone = await archive.exported(made.own.text)
            #expect(gone.error != nil && gone.bytes == [])
            for query in ["Hường", "huong"] { #expect(try await archive.found(query).isEmpty) }
            let account = try await archive.item(made.own.text, by: console)
            #expect(
                account.verification == .erased
                    && account.metadata == EvidenceMetadata(kind: account.metadata.kind, assurance: account.metadata.assurance))
            try await archive.rebuild()
        }
        // The run above has checked objects; nothing else changed by folding all records again.
        func withoutFixity(_ rows: String) -> String {
            rows.components(separatedBy: "== ").filter {
                !$0.hasPrefix("fixity") && !$0.hasPrefix("access_subject") && !$0.hasPrefix("record_subject")
            }.joined(separator: "== ")
        }
        #expect(withoutFixity(try Traces.rows(place)) == withoutFixity(rows))
        try await Traces.soundForOracle(place)
        // What was erased is done with.
        try await place.archive { archive in
            await Traces.expectRefusal("erased already, by record \(record)") {
                _ = try await archive.erase(
                    [made.person.text], grounds: Erasable.grounds(), takesShared: true, applies: true, by: officer(.authority))
            }
            await Traces.expectRefusal("was erased") { try await archive.describe(made.own, as: EvidenceMetadata(title: "x"), by: console) }
            await Traces.expectRefusal("was erased") {
                try await archive.verifyEvidence(made.own.text, .rejected, reason: "x", role: .reviewer, by: officer(.reviewer))
            }
            let known = try #require(PersonalNumber(Erasable.number))
            let again = PersonEntry(name: Erasable.name, birthYear: 1985, group: "farmer", number: known, person: made.person)
            guard case .refused(let reason)? = try await archive.registerPeople([again], by: console).first else {
                Issue.record("was registered")
                return
            }
            #expect(reason.contains("was erased"))
            let new = PersonEntry(name: Erasable.name, birthYear: 1985, group: "farmer", number: known)
            guard case .registered(let id)? = try await archive.registerPeople([new], by: console).first else {
                Issue.record("was not registered")
                return
            }
            #expect(id != made.person)
            #expect(try await archive.verified().findings.isEmpty)
        }
        try await Traces.soundForOracle(place)
    }

    @Test func `with the shared papers kept, what is about others names the person still, and all else is gone`() async throws {
        let place = try TestPlace()
        try await place.ward { ward in
            let all = try await Erasable(ward)
            let plan = try await all.erase(all.person.id.text, takesShared: false)
            #expect(plan.record != nil && plan.takesShared == false && Set(plan.items.map(\.id)) == [all.own, all.letter])
            #expect(try await ward.archive.found("huong") == [all.list])
            #expect(await ward.archive.exported(ward.minutes.text).error == nil)
            #expect(try await ward.archive.verified().findings.isEmpty)
        }
        try await Traces.soundForOracle(place)
    }

    @Test func `an erased item's bytes may come again from somebody else, as a new item that is read and checked`() async throws {
        let place = try TestPlace()
        try await place.ward { ward in
            let all = try await Erasable(ward)
            try await all.erase(all.own.text)
            let object = try all.object(all.own)
            #expect(!FileManager.default.fileExists(atPath: place.objectPath(object)))
            #expect(try await ward.archive.verified().findings.isEmpty)
            let source = try place.source("lại.txt", "Tôi là \(Erasable.name), \(Erasable.word).\nSố: 91/XN-UBND\n")
            let again = try await ward.archive.depositAll([source], extracts: true, by: officer(.assistant))
            let item = try again.onlyItem()
            #expect(item != all.own && again.new[0]?.object.digest == object && again.new[0]?.isNewObject == true)
            #expect(await ward.archive.exported(item.text).bytes == Array("Tôi là \(Erasable.name), \(Erasable.word).\nSố: 91/XN-UBND\n".utf8))
            #expect(try await ward.archive.found(Erasable.word) == [item])
            let account = try await ward.archive.item(item.text, by: console)
            #expect(account.extraction?.state == .extracted && account.verification == .submitted)
            // The item that was erased stays so.
            #expect(await ward.archive.exported(all.own.text).error != nil)
            #expect(try await ward.archive.item(all.own.text, by: console).verification == .erased)
            // A check of what was not read for longest meets it, as every other object.
            try place.edit(object) { $0[0] ^= 1 }
            let findings = try await ward.archive.verified(VerifyBudget(bytes: 1 << 40)).findings
            #expect(findings.compactMap { $0.object?.digest } == [object])
            _ = try await ward.archive.depositAll([source], extracts: true, by: officer(.assistant))
            #expect(try await ward.archive.verified().findings.isEmpty)
        }
        try await Traces.soundForOracle(place)
    }

    @Test func `an object that two items have goes with the last of them`() async throws {
        let place = try TestPlace()
        try await place.ward { ward in
            let all = try await Erasable(ward)
            let object = try all.object(all.letter)
            try await all.erase(all.letter.text)
            #expect(await ward.archive.exported(all.letter.text).error != nil)
            #expect(await ward.archive.exported(all.sameLetter.text).bytes == Array("Thư chung của thôn".utf8))
            #expect(try await ward.archive.found("thư chung") == [all.sameLetter])
            #expect(try await ward.archive.verified().findings.isEmpty)
            let plan = try await all.erase(all.sameLetter.text)
            #expect(plan.objects.contains(object) && !FileManager.default.fileExists(atPath: place.objectPath(object)))
            #expect(try await ward.archive.found("thư chung").isEmpty)
            #expect(try await ward.archive.verified().findings.isEmpty)
        }
        try await Traces.soundForOracle(place)
    }

    @Test("an erasure that was cut off is finished when the archive is opened", .enabled(if: hasSQLite, sqliteAbsence))
    func cutOff() async throws {
        let place = try TestPlace()
        let list = place.path + "/my list"
        let (item, object, record) = try await place.archive { archive in
            let deposited = try await archive.deposit(try place.source("a.txt", "một hai ba"), extracts: true)
            let (item, object, _) = try #require(deposited.new[0])
            let bytes = try Data(contentsOf: URL(fileURLWithPath: place.objectPath(object.digest)))
            let plan = try await archive.erase(
                [item.text], grounds: Erasable.grounds(), applies: true, list: list, by: officer(.authority))
            // As it is when the power went after the record, before the files.
            try bytes.write(to: URL(fileURLWithPath: place.objectPath(object.digest)))
            try bytes.write(to: URL(fileURLWithPath: "\(place.archivePath)/quarantine/\(object.digest.hex).0123"))
            return (item, object.digest, try #require(plan.record))
        }
        let listed = try String(contentsOfFile: list, encoding: .utf8)
        try place.sqlite("archive.sqlite", "INSERT INTO erasure_to_finish VALUES (\(record), \(record), '\(list)', 0, 0);")
        #expect(FileManager.default.fileExists(atPath: place.objectPath(object)))
        try await place.archive { archive in
            #expect(!FileManager.default.fileExists(atPath: place.objectPath(object)))
            let quarantined = try place.names(in: "quarantine")
            #expect(quarantined.isEmpty)
            #expect(await archive.exported(item.text).error != nil)
            #expect(try await archive.verified().findings.isEmpty)
        }
        // It is in the list once, whoever finished it.
        #expect(try String(contentsOfFile: list, encoding: .utf8) == listed && listed.split(separator: "\n").count == 1)
        #expect(try place.sqlite("archive.sqlite", "SELECT count(*) FROM erasure_to_finish;") == "0\n")
        try await Traces.soundForOracle(place)
    }

    @Test func `nobody else is erased who has the person's name in theirs`() async throws {
        let place = try TestPlace()
        try await place.ward { ward in
            func register(_ name: String, _ year: Int) async throws -> PersonID {
                guard
                    case .registered(let id)? = try await ward.archive.registerPeople(
                        [PersonEntry(name: name, birthYear: year, group: "farmer")], by: console
                    ).first
                else { throw Unexpected(name) }
                return id
            }
            let an = try await register("Nguyễn Văn An", 1980)
            let binh = try await register("Nguyễn Văn An Bình", 1981)
            let namesake = try await register("NGUYỄN VĂN AN", 1950)
            let plan = try await ward.archive.erase(
                [an.text], grounds: Erasable.grounds(), takesShared: true, applies: true, by: officer(.authority))
            #expect(plan.namesakes == [namesake])
            #expect(try await ward.archive.person(binh.text, by: console).name == "Nguyễn Văn An Bình")
            #expect(try await ward.archive.person(namesake.text, by: console).name == "NGUYỄN VĂN AN")
            #expect(try await ward.archive.person(an.text, by: console).name == erasedText)
            #expect(try await ward.archive.verified().findings.isEmpty)
        }
        try await Traces.soundForOracle(place)
    }
}
