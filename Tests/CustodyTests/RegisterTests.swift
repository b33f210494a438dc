import Custody
import Evidence
import Foundation
import Recognition
import Testing

@Suite("People", .serialized, .timeLimit(.minutes(10)))
struct RegisterTests {
    // MARK: People

    private static func entry(_ name: String, _ year: Int? = 1980, number: String? = nil, group: String? = nil, account: String? = nil) throws
        -> PersonEntry
    {
        PersonEntry(
            name: name, birthYear: year, group: group, account: account, number: try number.map { try #require(PersonalNumber($0)) })
    }

    private static func register(_ archive: Archive, _ entries: PersonEntry..., applies: Bool = true) async throws -> [PersonOutcome] {
        try await archive.registerPeople(entries, applies: applies, by: officer(.administrator))
    }

    @Test func `status tells that the key of personal numbers is gone`() async throws {
        try await TestPlace().ward { ward in
            #expect(try await ward.archive.status().personKeyFailure == nil)
            try FileManager.default.removeItem(atPath: "\(ward.place.archivePath)/keys/person-number.key")
            #expect(try await ward.archive.status().personKeyFailure?.contains("person-number.key") == true)
        }
    }

    @Test func `a personal number names one person, however the name is typed`() async throws {
        try await TestPlace().archive { archive in
            let number = "001080000123"
            guard case .registered(let id) = try await Self.register(archive, Self.entry("Nguyễn Văn Mẫu", number: number)).first else {
                throw Unexpected("")
            }
            let records = try await archive.status().records
            guard case .known(id) = try await Self.register(archive, Self.entry(" Nguyễn  Văn Mẫu ", number: "001 080 000 123")).first else {
                throw Unexpected("the same person is not known")
            }
            #expect(try await archive.status().records == records)
            for (name, year) in [("Trần Thị Thí Dụ", 1980), ("Nguyễn Văn Mẫu", 1981), ("Nguyễn Văn Mẫu", nil)] as [(String, Int?)] {
                guard case .refused(let reason) = try await Self.register(archive, Self.entry(name, year, number: number)).first else {
                    Issue.record("\(name) of \(String(describing: year)) was taken")
                    continue
                }
                #expect(reason.contains("the personal number is \(id)'s") && reason.hasSuffix("a human has to decide") && !reason.contains(number))
            }
            #expect(try await archive.status().records == records)
            // A new group or account supersedes; what is not said stays.
            guard case .changed(id) = try await Self.register(archive, Self.entry("Nguyễn Văn Mẫu", number: number, account: "mau-1")).first,
                case .changed(id) = try await Self.register(archive, Self.entry("Nguyễn Văn Mẫu", number: number, group: "farmer")).first
            else { throw Unexpected("not changed") }
            let person = try await archive.person(id.text, by: officer(.inspector))
            #expect(person.account == "mau-1" && person.group == "farmer" && person.numberEnding == "123" && person.record == records + 1)
            #expect(try await archive.people(by: officer(.inspector)).map(\.id) == [id])
        }
    }

    @Test func `who may be somebody known, and has no number to tell, is left to a human; the others go on`() async throws {
        try await TestPlace().archive { archive in
            let before = try await archive.status().records
            let entries = try [
                Self.entry("An"), Self.entry("An"), Self.entry("An", 1981), Self.entry("Bình", number: "001080000123"),
                Self.entry("Bình", number: "001080000123"), Self.entry("Chi", 1899), Self.entry("Chi", 2027), Self.entry(" "),
                Self.entry("Dung", account: "Ông Dung"), Self.entry("Dung", account: "0912345678"), Self.entry("Chi\nDung"),
            ]
            let preview = try await archive.registerPeople(entries, applies: false, by: officer(.administrator))
            #expect(try await archive.status().records == before)
            func isRegistered(_ outcome: PersonOutcome) -> Bool { if case .registered = outcome { true } else { false } }
            let expected = [true, false, true, true, false, false, false, false, false, false, false]
            #expect(preview.map(isRegistered) == expected)
            let outcomes = try await archive.registerPeople(entries, by: officer(.administrator))
            #expect(outcomes.map(isRegistered) == expected)
            guard case .refused(let reason)? = outcomes.last else { throw Unexpected("\(outcomes)") }
            #expect(reason == "cannot take the metadata: name has control characters or more than one line")
            #expect(try await archive.status().records == before + 3)
            let again = try await archive.registerPeople(entries, by: officer(.administrator))
            #expect(again.filter(isRegistered).isEmpty && again.count == entries.count)
            #expect(try await archive.status().records == before + 3)
            let listed = try await archive.people(limit: 3, by: officer(.inspector))
            #expect(listed.map(\.name) == ["An", "An", "Bình"])
            #expect(try await archive.people(after: listed.last?.id, by: officer(.inspector)).isEmpty)
        }
    }

    @Test func `namesakes are two people where two numbers say so, and an account is one person's`() async throws {
        try await TestPlace().archive { archive in
            func refusal(_ entry: PersonEntry) async throws -> String? {
                let before = try await archive.status().records
                guard case .refused(let reason)? = try await Self.register(archive, entry).first else { return nil }
                #expect(try await archive.status().records == before)
                return reason
            }
            let outcomes = try await Self.register(
                archive, Self.entry("An"), Self.entry("An", number: "001080000001"), Self.entry("Bình", number: "001080000002"),
                Self.entry("Bình", number: "001080000003"), Self.entry("Bình"), Self.entry("Chi", account: "chi-1"),
                Self.entry("Dung", account: "chi-1"))
            var registered: [Int: PersonID] = [:]
            for case (let place, .registered(let id)) in outcomes.enumerated() { registered[place] = id }
            #expect(Set(registered.keys) == [0, 2, 3, 5], "\(outcomes)")
            let (an, chi) = (try #require(registered[0]), try #require(registered[5]))
            #expect(try await refusal(Self.entry("An", number: "001080000001"))?.contains("may be \(an)") == true)
            #expect(try await refusal(Self.entry("Bình"))?.contains("may be") == true)
            #expect(try await refusal(Self.entry("Dung", account: "chi-1"))?.contains("the account is \(chi)'s") == true)
            // Whoever looked says which person it is; the number of another is never taken.
            func declare(_ number: String) throws -> PersonEntry {
                PersonEntry(name: "An", birthYear: 1980, number: PersonalNumber(number), person: an)
            }
            #expect(try await refusal(declare("001080000002"))?.contains("a human has to decide") == true)
            guard case .changed(an)? = try await Self.register(archive, declare("001080000001")).first else { throw Unexpected("not changed") }
            guard case .known(an)? = try await Self.register(archive, Self.entry("An", number: "001080000001")).first else {
                throw Unexpected("not known")
            }
            #expect(try await archive.people(by: officer(.inspector)).count == 4)
        }
    }

    @Test func `of many who open a person's dossier at once, one does`() async throws {
        try await TestPlace().ward { ward in
            let citizen = try await ward.citizen()
            let before = try await ward.records()
            let opened = Collected<DossierID>()
            let refused = Collected<String>()
            await withTaskGroup(of: Void.self) { group in
                for place in 0..<16 {
                    group.addTask {
                        let unit = place % 2 == 0 ? ward.unit : ward.otherUnit
                        do { opened.add(try await ward.open(citizen, unit: unit)) } catch { refused.add("\(error)") }
                    }
                }
            }
            let first = try #require(opened.all.first)
            #expect(opened.all.count == 1 && refused.all.count == 15 && refused.all.allSatisfy { $0.contains(first.text) })
            #expect(try await ward.records() == before + 1)
        }
    }

    @Test func `no byte of the archive tells a personal number`() async throws {
        let place = try TestPlace()
        let number = "001080987123"
        let other = try TestPlace()
        for place in [place, other] {
            try await place.archive { archive in
                _ = try await Self.register(archive, Self.entry("An", number: number), Self.entry("Bình", number: "001080987124"))
                _ = try await archive.people(by: officer(.inspector))
                // While it is open, its journal is there as well.
                try Self.expectNowhere(number, in: place.archivePath)
            }
            try Self.expectNowhere(number, in: place.archivePath)
        }
        guard hasSQLite else { return }
        // Each archive has a key of its own, so that the macs of two archives cannot be matched.
        let macs = try [place, other].map { try $0.sqlite("archive.sqlite", "SELECT number_mac FROM person ORDER BY key;").split(separator: "\n") }
        #expect(macs[0].count == 2 && Set(macs[0] + macs[1]).count == 4)
        #expect(try place.sqlite("archive.sqlite", "SELECT number_ending FROM person ORDER BY key;") == "123\n124\n")
    }

    private static func expectNowhere(_ number: String, in folder: String) throws {
        let digits = Data(number.utf8)
        // Nor the nine digits that tell place, sex and year of birth.
        let beginning = digits.prefix(9)
        var files = 0
        for name in try FileManager.default.subpathsOfDirectory(atPath: folder) {
            let url = URL(fileURLWithPath: "\(folder)/\(name)")
            guard try url.resourceValues(forKeys: [.isRegularFileKey]).isRegularFile == true else { continue }
            let bytes = try Data(contentsOf: url)
            files += 1
            #expect(bytes.range(of: digits) == nil && bytes.range(of: beginning) == nil, "\(name)")
        }
        #expect(files >= 4)
    }

    @Test func `people are found by the beginning of their name, whatever its case and diacritics`() async throws {
        try await TestPlace().archive { archive in
            _ = try await Self.register(
                archive, Self.entry("Đặng Thị Ánh"), Self.entry("Dang Van Binh"), Self.entry("Đặng  Thị Ảnh", 1981), Self.entry("Lê Đặng"))
            func found(_ text: String, limit: Int = 50) async throws -> [String] {
                try await archive.people(named: text, limit: limit, by: officer(.inspector)).map(\.name)
            }
            #expect(try await found("dang") == ["Đặng Thị Ánh", "Đặng Thị Ảnh", "Dang Van Binh"])
            #expect(try await found("ĐẶNG THỊ") == ["Đặng Thị Ánh", "Đặng Thị Ảnh"])
            #expect(try await found("Da\u{323}\u{306}ng ", limit: 1) == ["Đặng Thị Ánh"])
            for text in ["ang", "anh", "%", "_", "z", "\u{10FFFF}"] { #expect(try await found(text) == [], "\(text)") }
            for text in ["", " ", "a\nb"] {
                await #expect(throws: ArchiveError.self, "\(text)") { try await archive.people(named: text, by: officer(.inspector)) }
            }
            // A name that differs in diacritics only may be the same person's.
            guard case .refused(let reason)? = try await Self.register(archive, Self.entry("DANG THI ANH")).first else {
                throw Unexpected("a namesake was taken")
            }
            #expect(reason.contains("may be"))
        }
    }

    @Test func `nobody declares anew the person whose account they act under, or ever acted under`() async throws {
        try await TestPlace().archive { archive in
            guard case .registered(let id)? = try await Self.register(archive, Self.entry("An", account: "an-1")).first else {
                throw Unexpected("")
            }
            func declare(_ group: String, account: String? = nil, by actor: Actor) async throws -> PersonOutcome? {
                let entry = PersonEntry(name: "An", birthYear: 1980, group: group, account: account, person: id)
                return try await archive.registerPeople([entry], by: actor).first
            }
            let (before, after) = (Actor.console(user: "lan", actingAs: "an-1"), Actor.console(user: "lan", actingAs: "an-2"))
            for actor in [before, after] {
                let outcome = try await declare("farmer", account: actor == before ? "an-2" : nil, by: actor)
                guard actor == before else {
                    guard case .changed(id)? = outcome else { throw Unexpected("\(String(describing: outcome))") }
                    continue
                }
                guard case .refused(let reason)? = outcome else { throw Unexpected("\(String(describing: outcome))") }
                #expect(reason == "nobody declares themselves anew; let somebody else do it")
            }
            guard case .changed(id)? = try await declare("worker", account: "an-2", by: officer(.administrator)) else { throw Unexpected("") }
            for actor in [before, after] {
                let outcome = try await declare("farmer", by: actor)
                guard case .refused(let reason)? = outcome else { throw Unexpected("\(String(describing: outcome))") }
                #expect(reason == "nobody declares themselves anew; let somebody else do it")
                // What is no change is no declaration.
                guard case .known(id)? = try await declare("worker", by: actor) else { throw Unexpected("not known") }
            }
        }
    }

    @Test(
        "a key that is not the archive's keeps numbers out, and nothing else",
        arguments: [[UInt8](repeating: 7, count: 32), [UInt8](repeating: 7, count: 31), []])
    func foreignKey(key: [UInt8]) async throws {
        let place = try TestPlace()
        try await place.archive { archive in _ = try await Self.register(archive, Self.entry("An", number: "001080000123")) }
        let path = "\(place.archivePath)/keys/person-number.key"
        let own = try Data(contentsOf: URL(fileURLWithPath: path))
        let format = try String(contentsOfFile: "\(place.archivePath)/format.json", encoding: .utf8)
        #expect(own.count == 32 && format.contains("\"person_number_key\":\"\(PersonalNumber.fingerprint(of: Array(own)))\""))
        try FileManager.default.removeItem(atPath: path)
        try Data(key).write(to: URL(fileURLWithPath: path))
        try await place.archive { (archive) async throws in
            let records = try await archive.status().records
            // Under another key the same number would be another person.
            await #expect {
                _ = try await Self.register(archive, Self.entry("An", number: "001080000123"))
            } throws: {
                "\($0)".contains("keys/person-number.key: it is not this archive's key; restore it from the key backup")
            }
            #expect(try await archive.status().records == records)
            _ = try await Self.register(archive, Self.entry("Bình"))
            #expect(try await archive.status().records == records + 1)
        }
    }
}
