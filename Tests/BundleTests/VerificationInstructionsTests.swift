import Bundle
import Evidence
import Foundation
import Ledger
import Testing

/// `VERIFY.md`: what it tells people to type works, on a bundle that lies there in its parts.
@Suite("The instructions how to check a bundle")
struct VerificationInstructionsTests {
    @Test("They are Vietnamese first, name the bundle, and speak of a stamp only where there is one")
    func texts() throws {
        let decision = try ReadableSample.single()
        let plain = String(decoding: VerificationInstructions.markdown(decision, hasStamp: false), as: UTF8.self)
        let stamped = String(decoding: VerificationInstructions.markdown(decision, hasStamp: true), as: UTF8.self)
        #expect(plain.hasPrefix("# Cách kiểm tra gói minh chứng này\n"))
        #expect(plain.contains("minhchung verify-bundle --key archive.pub ti-73r0c5ypgs1qv9d8-191.zip"))
        #expect(plain.contains("sha256sum -c manifest-sha256.txt") && plain.contains("python3 bundle_oracle.py --key archive.pub"))
        #expect(plain.contains("# How to check this evidence bundle") && plain.contains("**rằng khóa là đúng**"))
        #expect(!plain.contains("openssl ts") && !plain.contains("checkpoint.tsr"))
        #expect(stamped.contains("openssl ts -verify"))
        #expect(!stamped.lowercased().contains("bằng chứng"))
        let list = String(decoding: VerificationInstructions.markdown(try ReadableSample.list(), hasStamp: false), as: UTF8.self)
        #expect(list.contains("un-77evh8sm87ga48nr-2025-191.zip"))
    }

    @Test(
        "Nothing of a document gets into the commands", arguments: ["$(id)", "a b", "'; id; '", "-rf", "..", "a/b", "ti\n```\n", "`id`", ""])
    func commandsAreOurs(title: String) throws {
        let decision = Hostile.mapped(try ReadableSample.single()) { .string($0 == "ti-73r0c5ypgs1qv9d8" ? title : $0) }
        let markdown = String(decoding: VerificationInstructions.markdown(decision, hasStamp: true), as: UTF8.self)
        let nameless = String(decoding: VerificationInstructions.markdown(.object([:]), hasStamp: true), as: UTF8.self)
        #expect(markdown == nameless.replacing(" 0 <<'END'", with: " 153 <<'END'").replacing("bản ghi số 0 ", with: "bản ghi số 153 "))
        #expect(markdown.contains("TEN-GOI"))
    }

    /// The bundle, what is changed in it, and what the commands say then.
    enum Change: CaseIterable {
        case nothing, evidence, addedFile, listedTwice, signature, otherKey, checkpoint, header, body, path

        /// What is printed by the command that finds it.
        var finding: String {
            switch self {
            case .nothing: "OK 153"
            case .evidence: "data/evidence/\(ReadableSample.object): FAILED"
            case .addedFile: "< data/evidence/extra"
            case .listedTwice: "> data/evidence/\(ReadableSample.object)"
            case .signature: "> tagmanifest-sha256 "
            case .otherKey, .checkpoint: "Signature Verification Failure"
            case .header, .path: "SAI / WRONG: root"
            case .body: "SAI / WRONG: body"
            }
        }
    }

    @Test("Every command works, and finds what was changed", arguments: Change.allCases)
    func commandsWork(change: Change) throws {
        let place = FileManager.default.temporaryDirectory.appending(path: "minhchung-verify-\(UUID().uuidString)")
        // What stays in the temporary folder harms nobody.
        defer { try? FileManager.default.removeItem(at: place) }
        let folder = place.appending(path: "ti-73r0c5ypgs1qv9d8-191")
        let hasStamp = change == .nothing
        try SampleFolder(folder: folder).write(with: change) {
            guard hasStamp else { return }
            let (status, output) = try ReadableProcess.run("bash", ["-euo", "pipefail", "-c", Self.stamping, "stamping", folder.path], in: place)
            try #require(status == 0, "\(output)")
        }
        let markdown = String(decoding: VerificationInstructions.markdown(try ReadableSample.single(), hasStamp: hasStamp), as: UTF8.self)
        let blocks = markdown.matches(of: #/```sh\n([\s\S]*?)```/#).map { String($0.1) }
        #expect(blocks.count == (hasStamp ? 9 : 8))
        // The first need the program, the oracle and an unpacker: they are not of this test.
        let commands = blocks.filter { !$0.hasPrefix("minhchung ") && !$0.contains("bundle_oracle") && !$0.hasPrefix("unzip ") }
        #expect(commands.count == (hasStamp ? 6 : 5))
        let script = "export TMPDIR=\"$(cd .. && pwd)\"\n" + commands.joined(separator: "\n")
        let (status, output) = try ReadableProcess.run("bash", ["-euo", "pipefail", "-c", script], in: folder)
        if change == .nothing {
            #expect(status == 0, "\(output)")
            #expect(output.components(separatedBy: "Signature Verified Successfully\n").count == 4, "\(output)")
            #expect(output.contains("OK 153 dossier.decided 2025-12-10T17:34:19.214Z\n"), "\(output)")
            #expect(output.contains("Verification: OK") && output.contains("Time stamp: "), "\(output)")
            #expect(output.contains("ar-4qfvzwhwvpe55mjk.minhchung/1/records\n191\n"), "\(output)")
        } else {
            #expect(status != 0 && output.contains(change.finding), "\(change) was not found: \(output)")
        }
    }

    /// An authority of its own, which stamps the text of the checkpoint.
    private static let stamping = #"""
        openssl req -x509 -newkey rsa:2048 -nodes -keyout root.key -out tsa.pem -days 30 -subj /CN=root 2>&1
        openssl req -newkey rsa:2048 -nodes -keyout signer.key -out signer.csr -subj /CN=signer 2>&1
        printf 'keyUsage=critical,digitalSignature\nextendedKeyUsage=critical,timeStamping\n' > signer.ext
        openssl x509 -req -in signer.csr -CA tsa.pem -CAkey root.key -CAcreateserial -days 30 -extfile signer.ext -out signer.pem 2>&1
        printf '[tsa]\ndefault_tsa=t\n[t]\nserial=serial\nsigner_digest=sha256\ndefault_policy=1.2.3.4\ndigests=sha256\n' > tsa.cnf
        echo 'ess_cert_id_alg=sha256' >> tsa.cnf
        echo 01 > serial
        head -n 3 "$1/proofs/checkpoint" > text
        openssl ts -query -data text -sha256 -cert -out query
        openssl ts -reply -config tsa.cnf -queryfile query -signer signer.pem -inkey signer.key -out "$1/proofs/checkpoint.tsr" 2>&1
        """#
}

/// A bundle as a folder, with what the commands of VERIFY.md look at.
struct SampleFolder {
    let folder: URL

    private func put(_ name: String, _ bytes: [UInt8]) throws {
        let url = folder.appending(path: name)
        try FileManager.default.createDirectory(at: url.deletingLastPathComponent(), withIntermediateDirectories: true)
        try Data(bytes).write(to: url)
    }

    /// - Parameter stamp: called when the checkpoint is there, before anything is listed and signed.
    func write(with change: VerificationInstructionsTests.Change, stamp: () throws -> Void) throws {
        let archive = try #require(ArchiveID("ar-4qfvzwhwvpe55mjk"))
        let seed = try #require(SigningKey(seed: Array(repeating: 7, count: 32)))
        let signer = NoteSigner(name: LogOrigin.keyName(of: archive), key: seed)
        let other = NoteSigner(name: LogOrigin.keyName(of: archive), key: .random())
        try put("../archive.pub", Array("# khóa công khai của kho\n\((change == .otherKey ? other : signer).verifier.text)\n".utf8))

        // 191 records, of which one is in the bundle.
        let body = JSON.object(["reason": .string("“Công dân học tập” \u{1} \"1\""), "a": .array([.integer(1), .bool(true)])])
        let salt = Array(repeating: UInt8(9), count: 32)
        let header = JSON.object([
            "number": .integer(153), "kind": .string("dossier.decided"), "time": .string("2025-12-10T17:34:19.214Z"),
            "actor": .string("console:root"),
            "subjects": .array([]), "body": .string(Digest(of: salt + body.canonicalBytes).hex),
        ])
        var edge = MerkleTree.Edge()
        var nodes: [MerkleTree.Position: Digest] = [:]
        for number in 0..<191 {
            edge.append(MerkleTree.leafHash(number == 153 ? header.canonicalBytes : Array("\(number)".utf8))) { nodes[$0] = $1 }
        }
        let audit = try MerkleTree.inclusionProof(ofLeaf: 153, size: 191) { try #require(nodes[$0]) }
        let path = try #require(audit)
        let origin = LogOrigin(archive: archive, epoch: 1, tree: .records)
        let checkpoint = SignedCheckpoint(Checkpoint(origin: origin, size: 191, root: edge.root), signedBy: [signer])
        let access = Checkpoint(origin: LogOrigin(archive: archive, epoch: 1, tree: .access), size: 0, root: .ofNothing)
        var shown: [String: JSON] = [
            "header": header, "salt": .string(salt.map { $0 < 16 ? "0\(String($0, radix: 16))" : String($0, radix: 16) }.joined()), "body": body,
        ]
        if change == .body { shown["body"] = .object(["reason": .string("khác")]) }
        if change == .header, case .object(var members) = header {
            members["actor"] = .string("console:other")
            shown["header"] = .object(members)
        }
        try put("data/records/000000153.json", JSON.object(shown).canonicalBytes + [0x0A])
        let proof = InclusionProof(index: 153, path: change == .path ? path.reversed() : path, checkpoint: checkpoint)
        try put("proofs/records/000000153.tlog-proof", proof.bytes)
        let records = change == .checkpoint ? SignedCheckpoint(checkpoint.checkpoint, signedBy: [other]) : checkpoint
        try put("proofs/checkpoint", records.note.bytes)
        try put("proofs/access-checkpoint", SignedCheckpoint(access, signedBy: [signer]).note.bytes)
        try put("data/evidence/\(ReadableSample.object)", Array("%PDF-1.4 giấy chứng nhận".utf8))
        try put("bagit.txt", Array("BagIt-Version: 1.0\nTag-File-Character-Encoding: UTF-8\n".utf8))

        func lines(_ names: [String]) throws -> [UInt8] {
            try names.sorted().flatMap { name in
                Array("\(Digest(of: Array(try Data(contentsOf: folder.appending(path: name)))).hex)  \(name)\n".utf8)
            }
        }
        try put("manifest-sha256.txt", try lines(["data/records/000000153.json", "data/evidence/\(ReadableSample.object)"]))
        try stamp()
        var tags = ["bagit.txt", "manifest-sha256.txt", "proofs/checkpoint", "proofs/access-checkpoint", "proofs/records/000000153.tlog-proof"]
        if FileManager.default.fileExists(atPath: folder.appending(path: "proofs/checkpoint.tsr").path) { tags.append("proofs/checkpoint.tsr") }
        try put("tagmanifest-sha256.txt", try lines(tags))
        func sign(_ tagManifest: [UInt8]) throws {
            let text = "minhchung bundle v1\nti-73r0c5ypgs1qv9d8-191\ntagmanifest-sha256 \(Digest(of: tagManifest).hex)\n"
            try put("signature.note", SignedNote(text: text, signatures: [signer.signature(of: text)]).bytes)
        }
        try sign(Array(try Data(contentsOf: folder.appending(path: "tagmanifest-sha256.txt"))))

        switch change {
        case .evidence: try put("data/evidence/\(ReadableSample.object)", Array("%PDF-1.4 giấy chứng nhân".utf8))
        case .addedFile: try put("data/evidence/extra", [1])
        case .listedTwice: try put("tagmanifest-sha256.txt", try lines(tags + ["data/evidence/\(ReadableSample.object)"]))
        case .signature: try sign([1])
        default: break
        }
    }
}
