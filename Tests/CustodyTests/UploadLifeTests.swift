import Custody
import Evidence
import Foundation
import Testing
import Vault

@Suite("Uploads and the archive around them", .serialized, .timeLimit(.minutes(10)))
struct UploadLifeTests {
    enum Loss: CaseIterable { case role, account }

    @Test("who may not hand in proof any more when the upload ends is refused, and nothing is recorded", arguments: Loss.allCases)
    func permission(loss: Loss) async throws {
        let place = try TestPlace()
        try await place.ward { ward in
            let archive = ward.archive
            let person = try await ward.citizen(hasAccount: false)
            _ = try await ward.declared(person, try await ward.proof(of: person))
            let assistant = Actor(account: "assistant-9")
            try await archive.openAccount(assistant.account, by: console)
            let grant = try await archive.grantRole(.assistant, to: assistant.account, unit: ward.unit.text, by: console)
            let metadata = EvidenceMetadata(title: "Giấy khen", person: person.id, fileName: "a.bin")
            let upload = try await archive.beginUpload(length: 700, metadata, by: assistant)
            _ = try await archive.appendToUpload(upload.id, at: 0, Arriving(bytes(700)), by: assistant)
            switch loss {
            case .role: _ = try await archive.withdrawRole(grant.id.text, reason: "x", by: console)
            case .account: _ = try await archive.closeAccount(assistant.account, reason: "x", by: console)
            }
            let before = try await archive.status()
            await #expect(throws: ArchiveError.self) { try await archive.finishUpload(upload.id, by: assistant) }
            await #expect(throws: ArchiveError.self) { try await archive.beginUpload(length: 1, metadata, by: assistant) }
            await #expect(throws: ArchiveError.self) { try await archive.deposit(metadata, Arriving(bytes(700)), by: assistant) }
            let after = try await archive.status()
            #expect(after.records == before.records && after.objects == before.objects)
            #expect(try place.names(in: "staging") == [])
            // Nobody finishes it for them either; it expires.
            place.clock.advance(minutes: 25 * 60)
            #expect(try await archive.expireUploads() == 1)
            #expect(try place.names(in: "uploads") == [])
        }
    }

    @Test func `an erased person's open uploads go, and another's stay`() async throws {
        let place = try TestPlace()
        try await place.ward { ward in
            let archive = ward.archive
            let (person, other) = (try await ward.citizen(), try await ward.citizen())
            let assistant = officer(.assistant)
            func begin(_ owner: PersonID?, by actor: Actor) async throws -> UploadID {
                let upload = try await archive.beginUpload(
                    length: 700, EvidenceMetadata(title: "Chứng nhận Hoa Sim", person: owner, fileName: "a.bin"), by: actor)
                _ = try await archive.appendToUpload(upload.id, at: 0, Arriving(bytes(600)), by: actor)
                return upload.id
            }
            let gone = [
                try await begin(person.id, by: assistant), try await begin(person.id, by: person.actor), try await begin(nil, by: person.actor),
            ]
            let kept = try await begin(other.id, by: assistant)
            _ = try await archive.erase(
                [person.id.text], grounds: ErasureGrounds(reason: "Theo yêu cầu", legalBasis: "Luật 91/2025/QH15, Điều 14", role: .authority),
                applies: true, by: officer(.authority))
            #expect(try place.names(in: "uploads") == [kept.text])
            for id in gone {
                for actor in [assistant, person.actor] { await #expect(throws: ArchiveError.self) { try await archive.upload(id, by: actor) } }
            }
            #expect(try await archive.upload(kept, by: assistant).offset == 600)
            // And nobody begins one of proof of them again.
            await #expect(throws: ArchiveError.self) {
                try await archive.beginUpload(length: 700, EvidenceMetadata(title: "x", person: person.id, fileName: "a"), by: assistant)
            }
        }
    }

    @Test func `uploads are in no backup, and a restored archive knows of none`() async throws {
        let place = try TestPlace()
        let word = "Chứng nhận Hoa Sim"
        let id = try await place.archive { archive in
            _ = try await archive.uploaded(bytes(500))
            let upload = try await archive.beginUpload(length: 700, EvidenceMetadata(title: word, fileName: "b.bin"), by: citizen)
            _ = try await archive.appendToUpload(upload.id, at: 0, Arriving(bytes(600)), by: citizen)
            return upload.id
        }
        try await place.backUp()
        let names = try FileManager.default.subpathsOfDirectory(atPath: place.backupPath)
        #expect(!names.contains { $0.contains("uploads") || $0.contains("reserve") || $0.contains(id.text) })
        let restored = await place.restore()
        #expect(restored.error == nil && restored.defects == [])
        try await place.opened(place.restoredPath()) { archive in
            await #expect(throws: ArchiveError.self) { try await archive.upload(id, by: citizen) }
            let status = try await archive.status()
            #expect(status.openUploads == 0 && status.hasReserve && status.items == 1)
        }
    }
}
