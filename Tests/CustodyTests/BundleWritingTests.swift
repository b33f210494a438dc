import Bundle
import Evidence
import Foundation
import Ledger
import Testing

@testable import Custody

@Suite("Writing a bundle", .timeLimit(.minutes(10)))
struct BundleWritingTests {
    @Test func `evidence that turns out to be damaged ends it, names the object, and leaves no file`() async throws {
        let place = try TestPlace()
        try await place.ward { ward in
            let citizen = try await ward.citizen()
            // More than is read ahead, of objects that begin and end within what is read at once; the last piece of one is damaged.
            let sizes = [20 << 20, 300_000, 700_000, 1 << 20, (1 << 20) + 1, 5, 600_000]
            var items: [EvidenceID] = []
            for (index, size) in sizes.enumerated() {
                let source = try ward.place.source(
                    "video \(index).bin", bytes(size, seed: UInt64(index)), EvidenceMetadata(title: "Video", person: citizen.id))
                items.append(try await ward.archive.deposit(source).onlyItem())
            }
            let others = Dictionary(uniqueKeysWithValues: zip(["A1", "A2", "A3", "A4", "B1", "B2"], items.dropFirst()))
            let title = try #require(try await ward.decided(citizen, items[0], others).title)
            let object = try await ward.archive.item(items[0].text, by: console).object.digest
            let before = try FileManager.default.contentsOfDirectory(atPath: place.path).count
            func write(_ name: String) async throws -> BundleSummary {
                try await ward.archive.writeBundle(BundleRequest(subject: .title(title.text)), to: "\(place.path)/\(name)", by: console)
            }
            try place.edit(object) { $0[$0.count - 1] ^= 1 }
            await #expect { try await write("damaged.zip") } throws: { "\($0)".contains(object.hex) }
            #expect(try FileManager.default.contentsOfDirectory(atPath: place.path).count == before)
            try place.edit(object) { $0[$0.count - 1] ^= 1 }
            let minutes = "Biên bản bình xét".utf8.count
            #expect(try await write("whole.zip").bytes == Int64(sizes.reduce(minutes, +)))
            let format = try JSON(canonical: Array(try Data(contentsOf: URL(fileURLWithPath: place.archivePath + "/format.json")).dropLast()))
            guard case .object(let members) = format, case .string(let key)? = members["public_key"] else { throw Unexpected("no key") }
            let trust = BundleTrust(keys: [try #require(NoteVerifier(key))])
            let report = try BundleReport(verifying: try ZIPReader(path: "\(place.path)/whole.zip"), isZIP: true, trusting: trust)
            #expect(report.findings.isEmpty)
        }
    }

    @Test func `a bundle that is handed out at once is a sound one, and leaves nothing in the archive`() async throws {
        let place = try TestPlace()
        try await place.ward { ward in
            let citizen = try await ward.citizen()
            var items: [EvidenceID] = []
            for index in 0..<7 {
                let source = try ward.place.source(
                    "video \(index).bin", bytes(400_000 + index, seed: UInt64(index)), EvidenceMetadata(title: "Video", person: citizen.id))
                items.append(try await ward.archive.deposit(source).onlyItem())
            }
            let others = Dictionary(uniqueKeysWithValues: zip(["A1", "A2", "A3", "A4", "B1", "B2"], items.dropFirst()))
            let title = try #require(try await ward.decided(citizen, items[0], others).title)
            let bundle = try await ward.archive.bundle(BundleRequest(subject: .title(title.text)), by: console)
            #expect(try place.names(in: "staging").isEmpty)
            var received: [UInt8] = []
            while let bytes = try await bundle.next() { received += bytes }
            #expect(received.count == Int(bundle.size))
            try Data(received).write(to: URL(fileURLWithPath: "\(place.path)/received.zip"))
            let keys = try await ward.archive.keys()
            let report = try BundleReport(
                verifying: try ZIPReader(path: "\(place.path)/received.zip"), isZIP: true, trusting: BundleTrust(keys: [keys.current]))
            #expect(report.findings.isEmpty)
            #expect(report.titles.map(\.id) == [title])
        }
    }

    struct Stop: Error, Equatable {}

    @Test func `what is made ahead arrives in order, however far ahead it may be`() throws {
        for capacity in [1, 3, 100] {
            let taken = try BlockingWork.ahead(capacity: capacity) { put in
                for number in 0..<20 where !put(number) { return }
            } consume: { next in
                var taken: [Int] = []
                while let number = try next() { taken.append(number) }
                return taken
            }
            #expect(taken == Array(0..<20))
        }
    }

    @Test func `whoever makes something ahead is told to stop when nobody takes it any more`() throws {
        #expect(throws: Stop()) {
            // It never ends by itself, so that this returns shows that it was told.
            try BlockingWork.ahead(capacity: 2) { put in
                while put(0) {}
            } consume: { next in
                _ = try next()
                throw Stop()
            }
        }
    }

    @Test func `an error of whoever makes something ahead comes behind what was made before`() throws {
        var taken: [Int] = []
        #expect(throws: Stop()) {
            try BlockingWork.ahead(capacity: 1) { put in
                for number in 0..<5 { _ = put(number) }
                throw Stop()
            } consume: { next in
                while let number = try next() { taken.append(number) }
            }
        }
        #expect(taken == Array(0..<5))
    }

    @Test func `what is done meanwhile is waited for, and its error is thrown where it is asked for`() throws {
        #expect(try BlockingWork.meanwhile({ 2 }) { other in try other() + 1 } == 3)
        #expect(throws: Stop()) { try BlockingWork.meanwhile({ () throws -> Int in throw Stop() }) { other in try other() + 1 } }
        #expect(try BlockingWork.meanwhile({ () throws -> Int in throw Stop() }) { _ in 1 } == 1)
    }
}
