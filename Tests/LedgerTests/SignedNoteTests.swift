import Evidence
import Foundation
import Ledger
import Testing

@Suite("Signed notes")
struct SignedNoteTests {
    // The example of Go's package golang.org/x/mod/sumdb/note.
    static let verifierText = "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW"
    static let secretText = "PRIVATE+KEY+PeterNeumann+c74f20a3+AYEKFALVFGyNhPJEMzD1QIDr+Y7hfZx09iUvxdXHKDFz"
    static let text = "If you think cryptography is the answer to your problem,\nthen you don't know what your problem is.\n"
    static let line = "— PeterNeumann x08go/ZJkuBS9UG/SffcvIAQxVBtiFupLLr8pAcElZInNIuGUgYN1FFYC2pZSNXgKvqfqdngotpRZb6KE6RyyBwJnAM="
    static var note: String { "\(text)\n\(line)\n" }

    @Test func `the example of Go's package note is signed and verified`() throws {
        let verifier = try #require(NoteVerifier(Self.verifierText))
        #expect(verifier.name == "PeterNeumann" && verifier.algorithm == .ed25519 && verifier.keyID == 0xC74F_20A3)
        #expect(verifier.text == Self.verifierText && verifier.description == Self.verifierText)
        let signer = try #require(NoteSigner(secretText: Self.secretText))
        #expect(signer.secretText == Self.secretText && signer.verifier == verifier)
        let signature = signer.signature(of: Self.text)
        #expect(signature.line == Self.line + "\n")
        let note = SignedNote(text: Self.text, signatures: [signature])
        #expect(String(decoding: note.bytes, as: UTF8.self) == Self.note)
        let read = try SignedNote(parsing: Array(Self.note.utf8))
        #expect(read == note)
        #expect(try read.verified(by: [verifier]) == [verifier])
    }

    @Test("bytes that are no note are refused, with the reason") func malformed() throws {
        let (text, line) = (Self.text, Self.line)
        let many = Array(repeating: line + "\n", count: SignedNote.signatureLimit + 1).joined()
        let cases: [(String, String)] = [
            ("", "its last line does not end"), ("\(text)\n\(line)", "its last line does not end"), ("\(text)\(line)\n", "no empty line"),
            ("\n\(line)\n", "no empty line"), ("\(text)\n", "it has 0 signatures"), ("\(text)\n\(line)\n\n", "it has 0 signatures"),
            ("\(text)\n\(many)", "it has 65 signatures"), ("\(text)\n\(line) \n", "a line is no signature"),
            ("\(text)\n\(line.replacing("— ", with: "- "))\n", "a line is no signature"),
            ("\(text)\n\(line.replacing("nAM=", with: "nAN="))\n", "a line is no signature"),
            ("\(text)\n\(line.replacing("nAM=", with: "nAM"))\n", "a line is no signature"),
            ("\(text)\n\(line.replacing("PeterNeumann", with: "Peter+Neumann"))\n", "a line is no signature"),
            ("\(text)\n\(line.replacing("PeterNeumann", with: "Peter\u{A0}Neumann"))\n", "a line is no signature"),
            ("\(text)\n— PeterNeumann x08gow==\n", "a line is no signature"), ("a\tb\n\n\(line)\n", "it has control characters"),
            ("a\r\n\r\n\(line)\n", "it has control characters"),
            (String(repeating: "x", count: SignedNote.sizeLimit) + "\n\n\(line)\n", "it has more than 65536 bytes"),
        ]
        for (bytes, reason) in cases {
            #expect {
                _ = try SignedNote(parsing: Array(bytes.utf8))
            } throws: { error in
                guard case NoteError.malformed(let found) = error else { return false }
                return found.hasPrefix(reason)
            }
        }
        #expect(throws: NoteError.malformed(reason: "it is not UTF-8")) { try SignedNote(parsing: [0xFF] + Array(Self.note.utf8)) }
    }

    @Test func `the last empty line is the one before the signatures`() throws {
        let signer = try #require(NoteSigner(secretText: Self.secretText))
        let text = "một\n\nhai\n\n"
        let note = SignedNote(text: text, signatures: [signer.signature(of: text)])
        let read = try SignedNote(parsing: note.bytes)
        #expect(read.text == text)
        try read.verified(by: [signer.verifier])
    }

    @Test func `nobody is believed but a trusted key whose signature fits`() throws {
        let verifier = try #require(NoteVerifier(Self.verifierText))
        let other = NoteSigner(name: "PeterNeumann", key: .random())
        let stranger = NoteSigner(name: "stranger", key: .random())
        let note = try SignedNote(parsing: Array(Self.note.utf8))
        #expect(throws: NoteError.unsigned(trusted: ["PeterNeumann"])) { try note.verified(by: [other.verifier]) }
        #expect(throws: NoteError.unsigned(trusted: [])) { try note.verified(by: []) }
        // A signature of a key that nobody trusts says nothing, whatever it is.
        let both = SignedNote(text: note.text, signatures: [stranger.signature(of: "other\n")] + note.signatures)
        #expect(try both.verified(by: [verifier]) == [verifier])
        // One of a trusted key that does not verify is more than none.
        #expect(throws: NoteError.wrongSignature(key: "stranger")) { try both.verified(by: [verifier, stranger.verifier]) }
        for index in note.bytes.indices {
            var bytes = note.bytes
            bytes[index] ^= 1
            #expect(throws: NoteError.self, "byte \(index)") { try SignedNote(parsing: bytes).verified(by: [verifier]) }
        }
        for error in [NoteError.unsigned(trusted: []), .unsigned(trusted: ["a"]), .wrongSignature(key: "k"), .malformed(reason: "why")] {
            #expect(!"\(error)".isEmpty)
        }
        #expect("\(NoteError.wrongSignature(key: "k"))".contains("k"))
    }

    @Test(
        "a text that is no public key is refused",
        arguments: [
            "", "PeterNeumann", "PeterNeumann+c74f20a3", "+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW",
            "PeterNeumann+c74f20a4+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW",
            "PeterNeumann+C74F20A3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW",
            "PeterNeuman+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW", "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10T",
            "PeterNeumann+c74f20a3+AhpC2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW",
            "Peter Neumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW",
            "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW\n",
        ])
    func noVerifier(text: String) { #expect(NoteVerifier(text) == nil) }

    @Test(
        "a text that is no private key is refused",
        arguments: [
            "", verifierText, "PRIVATE+KEY+PeterNeumann+c74f20a3", "private+key+PeterNeumann+c74f20a3+AYEKFALVFGyNhPJEMzD1QIDr+Y7hfZx09iUvxdXHKDFz",
            "PRIVATE+KEY+PeterNeumann+c74f20a4+AYEKFALVFGyNhPJEMzD1QIDr+Y7hfZx09iUvxdXHKDFz",
            "PRIVATE+KEY+PeterNeuman+c74f20a3+AYEKFALVFGyNhPJEMzD1QIDr+Y7hfZx09iUvxdXHKDFz",
            "PRIVATE+KEY+PeterNeumann+c74f20a3+AYEKFALVFGyNhPJEMzD1QIDr+Y7hfZx09iUvxdXHKD", "PRIVATE+KEY+PeterNeumann+c74f20a3+",
        ])
    func noSigner(text: String) { #expect(NoteSigner(secretText: text) == nil) }

    @Test func `keys are listed one a line, with lines for people`() throws {
        let list = "# of the archive\n\(Self.verifierText)\n\n# of the witness\n\(Self.verifierText)\n"
        #expect(try NoteVerifier.list(in: list).map(\.text) == [Self.verifierText, Self.verifierText])
        for wrong in ["", "# nobody\n", "\(Self.verifierText)\nnobody\n"] {
            #expect(throws: NoteError.self) { try NoteVerifier.list(in: wrong) }
        }
    }

    @Test func `a name has no space and no plus, and an end`() {
        for name in ["a", "ar-7h2k9q4m1c8r5t0w.minhchung", "kiểm-tra.ví-dụ", String(repeating: "x", count: 128)] {
            #expect(NoteVerifier.isName(name))
        }
        for name in ["", "a b", "a+b", "a\nb", "a\u{3000}b", "a\u{7F}", String(repeating: "x", count: 129)] { #expect(!NoteVerifier.isName(name)) }
    }

    // MARK: Checkpoints

    static let archive = ArchiveID(unchecked: "ar-7h2k9q4m1c8r5t0w")
    static let origin = LogOrigin(archive: archive, epoch: 1, tree: .records)
    static let checkpointText = "ar-7h2k9q4m1c8r5t0w.minhchung/1/records\n9\nungWv48Bz+pBQUDeXa4iI7ADYaOWF3qctBD/YfIAFa0=\n"

    @Test func `a checkpoint is three lines`() throws {
        let checkpoint = Checkpoint(origin: Self.origin, size: 9, root: Digest(of: "abc".utf8))
        #expect(checkpoint.text == Self.checkpointText)
        #expect(try Checkpoint(text: Self.checkpointText) == checkpoint)
        #expect(LogOrigin.keyName(of: Self.archive) == "ar-7h2k9q4m1c8r5t0w.minhchung")
        for tree in LogTree.allCases {
            for epoch in [1, 2, 40] {
                let origin = LogOrigin(archive: Self.archive, epoch: epoch, tree: tree)
                #expect(origin.text == "ar-7h2k9q4m1c8r5t0w.minhchung/\(epoch)/\(tree.rawValue)" && LogOrigin(origin.text) == origin)
            }
        }
    }

    @Test(
        "an origin that is spelled otherwise is none",
        arguments: [
            "", "ar-7h2k9q4m1c8r5t0w.minhchung/1", "ar-7h2k9q4m1c8r5t0w.minhchung/1/records/", "ar-7h2k9q4m1c8r5t0w/1/records",
            "ar-7h2k9q4m1c8r5t0w.minhchung/0/records", "ar-7h2k9q4m1c8r5t0w.minhchung/-1/records", "ar-7h2k9q4m1c8r5t0w.minhchung/01/records",
            "ar-7h2k9q4m1c8r5t0w.minhchung/+1/records", "ar-7h2k9q4m1c8r5t0w.minhchung/1/record", "AR-7H2K9Q4M1C8R5T0W.minhchung/1/records",
            "ev-7h2k9q4m1c8r5t0w.minhchung/1/records", "ar-7h2k9q4m1c8r5t0.minhchung/1/access",
        ])
    func noOrigin(text: String) { #expect(LogOrigin(text) == nil) }

    @Test(
        "a text that is no checkpoint is refused",
        arguments: [
            ("\n9\n", "\n09\n"), ("\n9\n", "\n-9\n"), ("\n9\n", "\n+9\n"), ("\n9\n", "\n9 \n"), ("\n9\n", "\n\n9\n"),
            ("\n9\n", "\n99999999999999999999\n"),
            ("Fa0=", "Fa1="), ("Fa0=", "Fa0"), ("Fa0=\n", "Fa0="), ("Fa0=\n", "Fa0=\nextension\n"), ("/1/", "/x/"),
        ])
    func noCheckpoint(found: String, other: String) throws {
        try #require(Self.checkpointText.contains(found))
        #expect(throws: NoteError.self) { try Checkpoint(text: Self.checkpointText.replacing(found, with: other)) }
    }

    @Test func `cosignatures follow the archive's own signature, each once, in the order of their lines`() throws {
        let signer = NoteSigner(name: LogOrigin.keyName(of: Self.archive), key: .random())
        let checkpoint = Checkpoint(origin: Self.origin, size: 9, root: Digest(of: "abc".utf8))
        let signed = SignedCheckpoint(checkpoint, signedBy: [signer])
        let witnesses = ["b.example", "a.example"].map { NoteSigner(name: $0, algorithm: .cosignature, key: .random()) }
        let cosignatures = witnesses.map { $0.cosignature(of: checkpoint, at: Timestamp(milliseconds: 1_795_245_300_999)) }
        let both = signed.adding(cosignatures)
        #expect(both.note.signatures.map(\.keyName) == [signer.verifier.name, "a.example", "b.example"])
        #expect(both.adding(cosignatures + both.note.signatures) == both && signed.adding(cosignatures.reversed()) == both)
        let read = try SignedCheckpoint(parsing: both.note.bytes)
        #expect(read == both)
        #expect(try read.note.verified(by: [signer.verifier] + witnesses.map(\.verifier)).count == 3)
        #expect(
            cosignatures.map { Cosignature.time(of: $0) } == [Timestamp(milliseconds: 1_795_245_300_000), Timestamp(milliseconds: 1_795_245_300_000)])
    }

    // MARK: Cosignatures

    @Test func `a cosignature holds for its time and its checkpoint, and only as one`() throws {
        let checkpoint = Checkpoint(origin: Self.origin, size: 9, root: Digest(of: "abc".utf8))
        let key = SigningKey.random()
        let witness = NoteSigner(name: "witness.example", algorithm: .cosignature, key: key)
        let signature = witness.cosignature(of: checkpoint, at: Timestamp(milliseconds: 1_795_245_300_000))
        #expect(signature.bytes.count == 72)
        try SignedNote(text: checkpoint.text, signatures: [signature]).verified(by: [witness.verifier])
        for index in signature.bytes.indices {
            var bytes = signature.bytes
            bytes[index] ^= 1
            let changed = SignedNote.Signature(keyName: signature.keyName, keyID: signature.keyID, bytes: bytes)
            #expect(throws: NoteError.wrongSignature(key: "witness.example"), "byte \(index)") {
                try SignedNote(text: checkpoint.text, signatures: [changed]).verified(by: [witness.verifier])
            }
        }
        for bytes in [Array(signature.bytes.dropLast()), signature.bytes + [0], Array(signature.bytes[8...])] {
            let changed = SignedNote.Signature(keyName: signature.keyName, keyID: signature.keyID, bytes: bytes)
            #expect(throws: NoteError.self) { try SignedNote(text: checkpoint.text, signatures: [changed]).verified(by: [witness.verifier]) }
        }
        // The same key as one for notes has another id, so its signatures are another's.
        let plain = NoteVerifier(name: "witness.example", algorithm: .ed25519, key: key.publicKey)
        #expect(plain.keyID != witness.verifier.keyID)
        #expect(throws: NoteError.unsigned(trusted: ["witness.example"])) {
            try SignedNote(text: checkpoint.text, signatures: [signature]).verified(by: [plain])
        }
    }

    static let python = "/usr/bin/python3"
    static let hasCryptography: Bool = (try? run(["-c", "import cryptography"], "")) == ""
    static let absence: Comment = "needs Python's package cryptography"

    /// What Python prints of a program with this input.
    static func run(_ arguments: [String], _ input: String) throws -> String {
        let process = Process()
        process.executableURL = URL(fileURLWithPath: python)
        process.arguments = arguments
        let (stdin, stdout) = (Pipe(), Pipe())
        process.standardInput = stdin
        process.standardOutput = stdout
        process.standardError = stdout
        try process.run()
        try stdin.fileHandleForWriting.write(contentsOf: Data(input.utf8))
        try stdin.fileHandleForWriting.close()
        let text = String(decoding: try stdout.fileHandleForReading.readToEnd() ?? Data(), as: UTF8.self)
        process.waitUntilExit()
        return process.terminationStatus == 0 ? text : "status \(process.terminationStatus): \(text)"
    }

    @Test("Python reads what is cosigned here, from the pages of C2SP alone", .enabled(if: hasCryptography, absence))
    func oracle() throws {
        let checkpoint = Checkpoint(origin: Self.origin, size: 9, root: Digest(of: "abc".utf8))
        let witness = NoteSigner(name: "witness.example", algorithm: .cosignature, key: .random())
        let note = SignedNote(
            text: checkpoint.text, signatures: [witness.cosignature(of: checkpoint, at: Timestamp(milliseconds: 1_795_245_300_000))])
        let program = #"""
            import base64, hashlib, sys
            from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
            name, id, key = sys.argv[1].split("+", 2)
            key = base64.b64decode(key, validate=True)
            assert key[0] == 4 and hashlib.sha256(name.encode() + b"\n" + key).hexdigest()[:8] == id
            text, line = sys.stdin.read().split("\n\n")
            dash, who, blob = line.rstrip("\n").split(" ")
            blob = base64.b64decode(blob, validate=True)
            assert dash == "\u2014" and who == name and blob[:4].hex() == id
            time = int.from_bytes(blob[4:12], "big")
            message = f"cosignature/v1\ntime {time}\n{text}\n"
            Ed25519PublicKey.from_public_bytes(key[1:]).verify(blob[12:], message.encode())
            print(time)
            """#
        #expect(try Self.run(["-c", program, witness.verifier.text], String(decoding: note.bytes, as: UTF8.self)) == "1795245300\n")
    }
}
