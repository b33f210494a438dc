import Evidence
import Foundation
import Ledger
import Testing

/// Proofs, good and bad, of <https://github.com/transparency-dev/merkle>: what other logs accept and refuse.
@Suite("Merkle proofs of others")
struct MerkleVectorTests {
    static let folder: URL = {
        if let path = ProcessInfo.processInfo.environment["MINHCHUNG_SHARED"] { return URL(fileURLWithPath: path) }
        return URL(fileURLWithPath: #filePath)
            .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()
            .appendingPathComponent("../shared").standardizedFileURL
    }().appendingPathComponent("vectors/rfc6962-merkle/testdata")

    static let areThere = FileManager.default.fileExists(atPath: folder.path)
    static let absence: Comment = "needs the shared vectors (MINHCHUNG_SHARED, or ../shared beside the package)"

    struct Vector: Decodable {
        let leafIdx: UInt64?
        let treeSize: UInt64?
        let start: UInt64?
        let end: UInt64?
        let size: UInt64?
        let size1: UInt64?
        let size2: UInt64?
        let root: Data?
        let root1: Data?
        let root2: Data?
        let leafHash: Data?
        let proof: [Data]?
        let desc: String
        let wantErr: Bool
    }

    /// Some have words where a hash should be. A digest stands in for them: the same words are still the same, and no
    /// hash of nodes meets them.
    private static func digest(_ bytes: Data) -> Digest { Digest(bytes: bytes) ?? Digest(of: Array("not a hash: ".utf8) + bytes) }

    /// Whether we accept the proof. Nothing instead of a hash, and a range that ends before it begins, cannot even be asked about.
    private static func accepts(_ vector: Vector, in folder: String) throws -> Bool {
        let hashes = [vector.leafHash, vector.root, vector.root1, vector.root2].compactMap { $0 } + (vector.proof ?? [])
        guard !hashes.contains(where: \.isEmpty) else { return false }
        let proof = (vector.proof ?? []).map(digest)
        func range() throws -> Range<UInt64>? {
            let (start, end) = (try #require(vector.start), try #require(vector.end))
            return start <= end ? start..<end : nil
        }
        switch folder {
        case "inclusion":
            return MerkleTree.verifyInclusion(
                of: digest(try #require(vector.leafHash)), at: try #require(vector.leafIdx), size: try #require(vector.treeSize),
                root: digest(try #require(vector.root)), proof: proof)
        case "consistency":
            return MerkleTree.verifyConsistency(
                oldSize: try #require(vector.size1), newSize: try #require(vector.size2),
                oldRoot: digest(try #require(vector.root1)), newRoot: digest(try #require(vector.root2)), proof: proof)
        case "subtreeinclusion":
            guard let range = try range() else { return false }
            return MerkleTree.verifyInclusion(
                of: digest(try #require(vector.leafHash)), at: try #require(vector.leafIdx), inSubtree: range,
                root: digest(try #require(vector.root)), proof: proof)
        default:
            guard let range = try range() else { return false }
            return MerkleTree.verifySubtree(
                range, of: try #require(vector.size), subtreeRoot: digest(try #require(vector.root1)),
                root: digest(try #require(vector.root2)), proof: proof)
        }
    }

    @Test(
        "are accepted and refused as elsewhere", .enabled(if: areThere, absence),
        arguments: ["inclusion", "consistency", "subtreeinclusion", "subtreeconsistency"])
    func vectors(kind: String) throws {
        let top = Self.folder.appendingPathComponent(kind)
        let names = try FileManager.default.subpathsOfDirectory(atPath: top.path).filter { $0.hasSuffix(".json") }.sorted()
        var ran = 0
        var accepted = 0
        for name in names {
            let vector = try JSONDecoder().decode(Vector.self, from: try Data(contentsOf: top.appendingPathComponent(name)))
            let isAccepted = try Self.accepts(vector, in: kind)
            #expect(isAccepted == !vector.wantErr, "\(kind)/\(name): \(vector.desc)")
            ran += 1
            if isAccepted { accepted += 1 }
        }
        print("\(kind): \(ran) vectors, \(accepted) of them accepted")
        #expect(ran == names.count)
        #expect(ran >= 98)
        #expect(accepted > 0 && accepted < ran)
    }

    @Test("no vector is in a folder that is not looked at", .enabled(if: areThere, absence))
    func folders() throws {
        let all = try FileManager.default.subpathsOfDirectory(atPath: Self.folder.path).filter { $0.hasSuffix(".json") }
        let kinds = Set(all.compactMap { $0.split(separator: "/").first.map(String.init) })
        print("\(all.count) vectors in all")
        #expect(kinds == ["inclusion", "consistency", "subtreeinclusion", "subtreeconsistency"])
    }
}
