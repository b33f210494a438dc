import Bundle
import Custody
import Evidence
import Foundation
import Ledger
import Testing

/// People of one ward who held one another's collective reviews, each with a title.
private struct Company {
    static let names = ["Đặng Thị Ngọc Hường", "Lê Quang Khoái", "Phan Đình Vượng"]
    static let numbers = ["001199000789", "001099000123", "001099000456"]

    var people: [Citizen] = []
    var dossiers: [DossierID] = []
    var titles: [TitleID] = []
    var proofs: [EvidenceID] = []

    init(_ ward: TestWard) async throws {
        for (index, name) in Self.names.enumerated() {
            let number = try #require(PersonalNumber(Self.numbers[index]))
            let entry = PersonEntry(name: name, birthYear: 1980 + index, group: "farmer", account: "member-\(index)", number: number)
            guard case .registered(let id)? = try await ward.archive.registerPeople([entry], by: officer(.administrator)).first else {
                throw Unexpected("not registered")
            }
            people.append(Citizen(id: id, actor: .console(user: "lan", actingAs: "member-\(index)")))
        }
        for (index, citizen) in people.enumerated() {
            let proof = try await ward.archive.depositAll(
                [
                    try ward.place.source(
                        "giấy \(index).txt", "Giấy của \(Self.names[index]), số \(Self.numbers[index])",
                        EvidenceMetadata(title: "Giấy", holder: Self.names[index], person: citizen.id))
                ], extracts: true
            ).onlyItem()
            let dossier = try await ward.declared(citizen, proof, reaffirms: true)
            try await ward.take(.submit, dossier, citizen)
            try await ward.archive.score(dossier.text, .collective, scores(9), role: .reviewer, by: officer(.reviewer))
            // A reason as well, which is free text.
            try await ward.step(
                .review, dossier, .reviewer, reason: "Có mặt \(Self.names.joined(separator: ", "))",
                review: Archive.ReviewEntry(
                    heldOn: try day(TestWard.heldOn), participants: Self.names, votesFor: 3, votesAgainst: 0, minutes: ward.minutes.text),
                by: officer(.reviewer))
            try await ward.advance(dossier, citizen, to: .proposed)
            titles.append(try #require(try await ward.decide(dossier).first?.title))
            dossiers.append(dossier)
            proofs.append(proof)
        }
    }
}

extension TestPlace {
    /// Writes the bundle of a title and has the verifier and the oracle look at it; answers its records, by name.
    fileprivate func bundle(_ title: TitleID, in archive: Archive, of size: Int? = nil) async throws -> (
        report: BundleReport, records: [String: String]
    ) {
        let path = "\(path)/bundle-\(UUID().uuidString).zip"
        _ = try await archive.writeBundle(BundleRequest(subject: .title(title.text), checkpoint: size), to: path, by: console)
        let format = try JSON(canonical: Array(try Data(contentsOf: URL(fileURLWithPath: archivePath + "/format.json")).dropLast()))
        guard case .object(let members) = format, case .string(let key)? = members["public_key"] else { throw Unexpected("no key") }
        let trust = BundleTrust(keys: [try #require(NoteVerifier(key))])
        let report = try BundleReport(verifying: try ZIPReader(path: path), isZIP: true, trusting: trust)
        let place = try await Workplace()
        let oracle = projectFolder.appending(path: "Tests/Oracle/bundle_oracle.py").path
        if try await place.run(["python3", "-c", "import cryptography"]).status == 0 {
            let (status, output) = try await place.run(["python3", oracle, "--key", key, path])
            #expect(status == 0, "\(output)")
        }
        var records: [String: String] = [:]
        try ZIPReader(path: path).walk { name, _, read in
            guard name.contains("/data/records/") else { return }
            var bytes: [UInt8] = []
            try read { bytes.append(contentsOf: $0) }
            records[name] = String(decoding: bytes, as: UTF8.self)
        }
        return (report, records)
    }
}

@Suite("Erasure of what is about others too", .serialized)
struct SharedErasureTests {
    @Test(
        "who took part in others' reviews is erased after another of them was: nobody's name is left, and everybody's bundle verifies",
        .enabled(if: hasSQLite, sqliteAbsence))
    func oneAfterTheOther() async throws {
        let place = try TestPlace()
        let company = Collected<Company>()
        try await place.ward { ward in company.add(try await Company(ward)) }
        let made = try #require(company.all.first)
        let macs = try place.sqlite("archive.sqlite", "SELECT number_mac FROM person ORDER BY key;").split(separator: "\n").map(String.init)
        try #require(macs.count == 3)
        var before: Int?
        for index in 0..<2 {
            for needle in [Company.names[index], macs[index]] {
                #expect(try Traces.files(place).contains { $0.bytes.range(of: Data(needle.utf8)) != nil }, "\(needle)")
            }
            let size = before
            try await place.archive { archive in
                before = try await archive.status().records
                let plan = try await archive.erase(
                    [made.people[index].id.text], grounds: Erasable.grounds(), takesShared: true, applies: true, by: officer(.authority))
                #expect(plan.left.isEmpty && plan.unfinished.isEmpty)
                // An earlier erasure is among the records about others that named them.
                #expect(plan.shared.contains { if case .record(_, .dataErased) = $0 { true } else { false } } == (index == 1))
            }
            for (name, bytes) in try Traces.files(place) {
                for needle in Traces.spellings(Company.names[index]) + [macs[index], Company.numbers[index]] {
                    #expect(bytes.range(of: Data(needle.utf8)) == nil, "\(needle) in \(name)")
                }
            }
            try await place.archive { archive in
                for (number, title) in made.titles.enumerated() {
                    let (report, records) = try await place.bundle(title, in: archive)
                    #expect(report.isSound, "\(number): \(report.findings)")
                    // It has nothing of what is about others' dossiers, nor of them.
                    for other in made.titles.indices where other != number {
                        for id in [made.people[other].id.text, made.dossiers[other].text, made.proofs[other].text] {
                            for (name, text) in records { #expect(!text.contains(id), "\(id) in \(name)") }
                        }
                    }
                    for gone in 0...index { for (name, text) in records { #expect(!text.contains(Company.names[gone]), "\(name)") } }
                }
                if let size {
                    await Traces.expectRefusal("was erased since", "newer checkpoint") {
                        _ = try await place.bundle(made.titles[2], in: archive, of: size)
                    }
                }
            }
            try await Traces.soundForOracle(place)
            let rows = try Traces.rows(place)
            try await place.archive { archive in try await archive.rebuild() }
            #expect(try Traces.rows(place) == rows)
            try await place.archive { archive in
                let findings = try await archive.verified().findings
                #expect(findings.isEmpty, "\(findings)")
                #expect(try await archive.replay(made.titles[2].text, by: officer(.inspector)).map(\.isSame) == [true])
            }
        }
        // The tombstones about others' dossiers of the first were redacted by the second; its own says nothing of the second.
        let tombstones = "SELECT number FROM record WHERE json_extract(header, '$.kind') = 'data.erased'"
        #expect(
            try place.sqlite("archive.sqlite", "SELECT count(*) FROM (\(tombstones)) WHERE number NOT IN (SELECT number FROM record_body);") != "0\n")
        try await Traces.soundForOracle(place)
        // And once more, when nobody else is left who is named.
        try await place.archive { archive in
            _ = try await archive.erase(
                [made.people[2].id.text], grounds: Erasable.grounds(), takesShared: true, applies: true, by: officer(.authority))
            for title in made.titles { #expect(try await place.bundle(title, in: archive).report.isSound) }
            #expect(try await archive.verified().findings.isEmpty)
        }
        for (name, bytes) in try Traces.files(place) {
            for person in Company.names { #expect(bytes.range(of: Data(person.utf8)) == nil, "\(person) in \(name)") }
        }
        let list = try String(contentsOfFile: Archive.erasureList(beside: place.archivePath), encoding: .utf8)
        #expect(list.split(separator: "\n").count == 3)
        try await Traces.soundForOracle(place)
    }

    @Test func `items of different people that are erased together have a tombstone each`() async throws {
        let place = try TestPlace()
        try await place.ward { ward in
            let all = try await Erasable(ward)
            let before = try await ward.records()
            let plan = try await all.erase(all.own.text, all.letter.text, all.others.text, all.sameLetter.text)
            #expect(plan.record == before && plan.objects.count >= 3)
            // The person's two, the bystander's, and the assistant's of nobody.
            #expect(try await ward.records() == before + 3)
            #expect(try await ward.archive.verified().findings.isEmpty)
            for title in [all.title, all.othersTitle] { #expect(try await place.bundle(title, in: ward.archive).report.isSound) }
        }
        try await Traces.soundForOracle(place)
    }

    @Test func `what is about others' items is in their bundle, with what is left of it`() async throws {
        let place = try TestPlace()
        try await place.ward { ward in
            let all = try await Erasable(ward)
            try await ward.archive.verifyEvidence(
                all.others.text, .rejected, reason: "Bà \(Erasable.name) nói là không đúng", role: .reviewer, by: officer(.reviewer))
            let older = try await ward.records()
            #expect(try await place.bundle(all.othersTitle, in: ward.archive).report.isSound)
            try await all.erase(all.person.id.text, takesShared: true)
            let (report, records) = try await place.bundle(all.othersTitle, in: ward.archive)
            #expect(report.isSound && records.values.contains { $0.contains(erasedText) })
            #expect(!records.values.contains { $0.contains(Erasable.name) || $0.contains(all.person.id.text) })
            await Traces.expectRefusal("was erased since") { _ = try await place.bundle(all.othersTitle, in: ward.archive, of: older) }
        }
        try await Traces.soundForOracle(place)
    }

    @Test func `what another's dossier rests on is asked for, whoever handed it in`() async throws {
        let place = try TestPlace()
        try await place.ward { ward in
            let all = try await Erasable(ward)
            func shared(_ plan: ErasurePlan) -> Set<EvidenceID> {
                Set(plan.shared.compactMap { if case .item(let id, _, _) = $0 { id } else { nil } })
            }
            // A third one's dossier cites what nobody claims, and the person's own cites it too.
            let common = try await ward.archive.deposit(try place.source("chung.txt", "Giấy chứng nhận của cả nhà")).onlyItem()
            let third = try await ward.citizen()
            let theirs = try await ward.declared(third, try await ward.proof(of: third), ["A1": common])
            let own = try await ward.open(all.person, cycle: 2025)
            try await ward.take(.declare, own, all.person)
            try await ward.cite(own, "A1", common, all.person)
            // The person's own paper is the minutes of the third one's review.
            let minutes = try await ward.archive.deposit(
                try place.source("biên bản.txt", "Biên bản", EvidenceMetadata(title: "Biên bản", person: all.person.id))
            ).onlyItem()
            try await ward.take(.submit, theirs, third)
            try await ward.archive.score(theirs.text, .collective, scores(9), role: .reviewer, by: officer(.reviewer))
            try await ward.step(
                .review, theirs, .reviewer,
                review: Archive.ReviewEntry(
                    heldOn: try day(TestWard.heldOn), participants: ["Bà Một", "Bà Hai"], votesFor: 2, votesAgainst: 0, minutes: minutes.text),
                by: officer(.reviewer))
            let preview = try await all.erase(all.person.id.text, applies: false)
            #expect(shared(preview).isSuperset(of: [common, minutes]) && !preview.items.map(\.id).contains { [common, minutes].contains($0) })
            let kept = try await all.erase(all.person.id.text, takesShared: false)
            #expect(!kept.items.map(\.id).contains { [common, minutes].contains($0) })
            #expect(await ward.archive.exported(common.text).error == nil)
            #expect(await ward.archive.exported(minutes.text).error == nil)
            #expect(try await ward.archive.verified().findings.isEmpty)
        }
        try await Traces.soundForOracle(place)
    }

    @Test func `a hold on whatever rests on an item holds it, and one on what names the person holds that`() async throws {
        let place = try TestPlace()
        try await place.ward { ward in
            let all = try await Erasable(ward)
            let scan = try await ward.archive.deposit(try place.source("scan.txt", "Bản chụp quyết định")).onlyItem()
            let decided = try await ward.citizen()
            let proof = try await ward.proof(of: decided)
            let dossier = try await ward.declared(decided, proof, reaffirms: true)
            try await ward.advance(dossier, decided, to: .proposed)
            _ = try await ward.decide(dossier, by: try ward.document(scan: scan))
            let theirs = try await ward.archive.trace(evidence: all.others)
            let (archive, inspector) = (ward.archive, officer(.inspector))
            func held(_ subject: String, keeps targets: String...) async throws {
                _ = try await archive.placeHold(subject, grounds: Erasable.grounds(.inspector, "Khiếu nại"), by: inspector)
                for target in targets {
                    await Traces.expectRefusal("\(subject) is under a legal hold") { try await all.erase(target, takesShared: true) }
                }
                _ = try await archive.releaseHold(subject, grounds: Erasable.grounds(.inspector), by: inspector)
            }
            // Cited by it, its minutes, decided by it.
            for subject in [theirs.text, all.bystander.id.text] { try await held(subject, keeps: all.others.text, ward.minutes.text) }
            for subject in [dossier.text, decided.id.text] { try await held(subject, keeps: scan.text, proof.text) }
            // A record about another's item names the person.
            try await archive.verifyEvidence(
                proof.text, .rejected, reason: "Theo \(Erasable.name)", role: .reviewer, by: officer(.reviewer))
            try await held(proof.text, keeps: all.person.id.text)
            #expect(try await archive.holds(by: console).isEmpty)
            try await all.erase(all.person.id.text, takesShared: true)
            #expect(try await archive.verified().findings.isEmpty)
        }
        try await Traces.soundForOracle(place)
    }
}

extension Archive {
    /// The only dossier that cites an item.
    fileprivate func trace(evidence item: EvidenceID) async throws -> DossierID {
        let trace = try await traceEvidence(item.text, by: console)
        return try #require(trace.uses.first?.dossier.id)
    }
}
