public import Evidence

/// Why bytes are not a note that can be trusted.
public enum NoteError: Error, Equatable, CustomStringConvertible {
    case malformed(reason: String)
    /// None of the trusted keys has signed it.
    case unsigned(trusted: [String])
    /// The signature of a trusted key does not verify: the text was changed, or the signature was.
    case wrongSignature(key: String)

    public var description: String {
        switch self {
        case .malformed(let reason): "it is no signed note: \(reason)"
        case .unsigned(let trusted):
            "no trusted key has signed it (trusted: \(trusted.isEmpty ? "none" : trusted.joined(separator: ", ")))"
        case .wrongSignature(let key): "the signature of \(key) does not verify: text or signature was changed"
        }
    }
}

/// A text with the signatures of one or more keys: C2SP `signed-note`.
public struct SignedNote: Sendable, Equatable {
    /// A signature line: em dash, key name, base64 of key id and signature.
    public struct Signature: Sendable, Equatable {
        public let keyName: String
        /// The first four bytes of what names the key, as ``NoteVerifier`` computes it.
        public let keyID: UInt32
        public let bytes: [UInt8]

        public init(keyName: String, keyID: UInt32, bytes: [UInt8]) {
            self.keyName = keyName
            self.keyID = keyID
            self.bytes = bytes
        }

        /// With the newline at its end.
        public var line: String { "\u{2014} \(keyName) \(Base64.text(of: bigEndian(keyID) + bytes))\n" }

        /// The signature that a line without its newline spells.
        public init(line: some StringProtocol) throws(NoteError) {
            let words = line.split(separator: " ", omittingEmptySubsequences: false)
            guard words.count == 3, words[0] == "\u{2014}", isKeyName(words[1]), let bytes = Base64.bytes(of: words[2]), bytes.count > 4 else {
                throw .malformed(reason: "a line is no signature")
            }
            self.init(keyName: String(words[1]), keyID: bytes[..<4].reduce(0) { $0 << 8 | UInt32($1) }, bytes: Array(bytes[4...]))
        }
    }

    /// What is signed; ends with a newline.
    public let text: String
    public let signatures: [Signature]

    /// Signatures of one note, and bytes of one.
    public static let signatureLimit = 64
    public static let sizeLimit = 64 << 10

    public init(text: String, signatures: [Signature]) {
        self.text = text
        self.signatures = signatures
    }

    public var bytes: [UInt8] { Array((text + "\n" + signatures.map(\.line).joined()).utf8) }

    /// Reads a note. Nothing of it is to be believed before ``verified(by:)``.
    public init(parsing bytes: [UInt8]) throws(NoteError) {
        guard bytes.count <= Self.sizeLimit else { throw .malformed(reason: "it has more than \(Self.sizeLimit) bytes") }
        guard let whole = String(validating: bytes, as: UTF8.self) else { throw .malformed(reason: "it is not UTF-8") }
        guard bytes.allSatisfy({ $0 >= 0x20 || $0 == 0x0A }) else { throw .malformed(reason: "it has control characters") }
        guard bytes.last == 0x0A else { throw .malformed(reason: "its last line does not end") }
        // The last empty line parts the text from the signatures; the text may have empty lines as well.
        var lines = whole.utf8.split(separator: 0x0A, omittingEmptySubsequences: false).map { Substring($0) }
        lines.removeLast()
        guard let gap = lines.lastIndex(of: ""), gap > 0 else { throw .malformed(reason: "no empty line is between text and signatures") }
        let signatureLines = lines[(gap + 1)...]
        guard !signatureLines.isEmpty, signatureLines.count <= Self.signatureLimit else {
            throw .malformed(reason: "it has \(signatureLines.count) signatures")
        }
        var signatures: [Signature] = []
        for line in signatureLines { signatures.append(try Signature(line: line)) }
        self.init(text: lines[..<gap].map { $0 + "\n" }.joined(), signatures: signatures)
        guard self.bytes == bytes else { throw .malformed(reason: "it is not written in the one way that notes are") }
    }

    /// The verifiers among `trusted` that have signed it, each once.
    /// - Throws: ``NoteError/wrongSignature(key:)`` where one of them has a signature that does not verify, and
    ///   ``NoteError/unsigned(trusted:)`` where none has signed.
    @discardableResult
    public func verified(by trusted: [NoteVerifier]) throws(NoteError) -> [NoteVerifier] {
        var found: [NoteVerifier] = []
        for signature in signatures {
            guard let verifier = trusted.first(where: { $0.name == signature.keyName && $0.keyID == signature.keyID }) else { continue }
            guard verifier.verifies(signature, of: text) else { throw .wrongSignature(key: verifier.name) }
            if !found.contains(verifier) { found.append(verifier) }
        }
        guard !found.isEmpty else { throw .unsigned(trusted: trusted.map(\.name)) }
        return found
    }
}

/// A public key with its name: the `vkey` of C2SP `signed-note`, `name+hash+key`, on one line.
public struct NoteVerifier: Sendable, Hashable, CustomStringConvertible {
    /// What the key signs.
    public enum Algorithm: UInt8, Sendable {
        /// The text of a note.
        case ed25519 = 0x01
        /// The text of a checkpoint with the time: C2SP `tlog-cosignature`.
        case cosignature = 0x04
    }

    public let name: String
    public let algorithm: Algorithm
    public let key: VerifyingKey

    /// - Precondition: the name is one of a key, see ``isName(_:)``.
    public init(name: String, algorithm: Algorithm, key: VerifyingKey) {
        precondition(isKeyName(name), "a key has a name without spaces and plus")
        self.name = name
        self.algorithm = algorithm
        self.key = key
    }

    /// Whether a key may have this name: not empty, without spaces, plus and control characters, at most 128 bytes.
    public static func isName(_ text: String) -> Bool { isKeyName(text) }

    /// First four bytes of SHA-256(name ‖ newline ‖ algorithm ‖ key).
    public var keyID: UInt32 {
        let digest = Digest(of: Array(name.utf8) + [0x0A, algorithm.rawValue] + key.bytes)
        return digest.bytes[..<4].reduce(0) { $0 << 8 | UInt32($1) }
    }

    /// `name+hash+key`.
    public var text: String { "\(name)+\(hexadecimal(keyID))+\(Base64.text(of: [algorithm.rawValue] + key.bytes))" }
    public var description: String { text }

    /// The verifier that `text` spells; `nil` for anything else, also where its hash is not that of name and key.
    public init?(_ text: some StringProtocol) {
        // The key's base64 may have a plus; a name has none.
        let parts = text.split(separator: "+", maxSplits: 2, omittingEmptySubsequences: false)
        guard parts.count == 3, isKeyName(parts[0]), let bytes = Base64.bytes(of: parts[2]), let first = bytes.first,
            let algorithm = Algorithm(rawValue: first), let key = VerifyingKey(bytes: Array(bytes[1...]))
        else { return nil }
        self.init(name: String(parts[0]), algorithm: algorithm, key: key)
        guard hexadecimal(keyID) == parts[1] else { return nil }
    }

    /// The verifiers in a file of them: one a line; lines that are empty or begin with `#` are for people.
    /// - Throws: ``NoteError/malformed(reason:)`` where a line is none, or no line is one.
    public static func list(in text: String) throws(NoteError) -> [NoteVerifier] {
        var found: [NoteVerifier] = []
        for (index, line) in text.split(omittingEmptySubsequences: false, whereSeparator: \.isNewline).enumerated() {
            if line.isEmpty || line.hasPrefix("#") { continue }
            guard let verifier = NoteVerifier(line) else { throw .malformed(reason: "line \(index + 1) is no public key (name+hash+key)") }
            found.append(verifier)
        }
        guard !found.isEmpty else { throw .malformed(reason: "it has no public key (name+hash+key)") }
        return found
    }

    func verifies(_ signature: SignedNote.Signature, of text: String) -> Bool {
        switch algorithm {
        case .ed25519: key.verifies(signature.bytes, of: Array(text.utf8))
        case .cosignature:
            if let (seconds, bytes) = Cosignature.parts(of: signature) {
                key.verifies(bytes, of: Cosignature.message(seconds: seconds, text: text))
            } else {
                false
            }
        }
    }
}

/// A private key with its name: the `skey` of C2SP `signed-note`.
public struct NoteSigner: Sendable {
    public let verifier: NoteVerifier
    private let key: SigningKey

    public init(name: String, algorithm: NoteVerifier.Algorithm = .ed25519, key: SigningKey) {
        verifier = NoteVerifier(name: name, algorithm: algorithm, key: key.publicKey)
        self.key = key
    }

    /// `PRIVATE+KEY+name+hash+key`: secret.
    public var secretText: String {
        "PRIVATE+KEY+\(verifier.name)+\(hexadecimal(verifier.keyID))+\(Base64.text(of: [verifier.algorithm.rawValue] + key.seed))"
    }

    /// The signer that ``secretText`` spells.
    public init?(secretText text: some StringProtocol) {
        let parts = text.split(separator: "+", maxSplits: 4, omittingEmptySubsequences: false)
        guard parts.count == 5, parts[0] == "PRIVATE", parts[1] == "KEY", isKeyName(parts[2]), let bytes = Base64.bytes(of: parts[4]),
            let first = bytes.first, let algorithm = NoteVerifier.Algorithm(rawValue: first), let key = SigningKey(seed: Array(bytes[1...]))
        else { return nil }
        self.init(name: String(parts[2]), algorithm: algorithm, key: key)
        guard hexadecimal(verifier.keyID) == parts[3] else { return nil }
    }

    /// A signature of a note's text. The same text has the same signature.
    /// - Precondition: this is a key for notes, and the text ends with a newline.
    public func signature(of text: String) -> SignedNote.Signature {
        precondition(verifier.algorithm == .ed25519 && text.hasSuffix("\n"), "a key of another kind, or a text without its end")
        return SignedNote.Signature(keyName: verifier.name, keyID: verifier.keyID, bytes: key.signature(of: Array(text.utf8)))
    }

    /// A cosignature of a checkpoint: that this is the largest tree of its origin that the signer saw, and that it continues those
    /// seen before.
    /// - Precondition: this is a key for cosignatures.
    public func cosignature(of checkpoint: Checkpoint, at time: Timestamp) -> SignedNote.Signature {
        precondition(verifier.algorithm == .cosignature, "a key of another kind")
        let seconds = UInt64(max(0, time.milliseconds / 1000))
        let bytes = key.signature(of: Cosignature.message(seconds: seconds, text: checkpoint.text))
        return SignedNote.Signature(
            keyName: verifier.name, keyID: verifier.keyID, bytes: (0..<8).reversed().map { UInt8(truncatingIfNeeded: seconds >> ($0 * 8)) } + bytes)
    }
}

/// What a witness signs: C2SP `tlog-cosignature`, Ed25519.
public enum Cosignature {
    static func message(seconds: UInt64, text: String) -> [UInt8] { Array("cosignature/v1\ntime \(seconds)\n\(text)".utf8) }

    /// Time and signature; `nil` where the bytes cannot be both.
    static func parts(of signature: SignedNote.Signature) -> (seconds: UInt64, bytes: [UInt8])? {
        guard signature.bytes.count == 72 else { return nil }
        let seconds = signature.bytes[..<8].reduce(UInt64(0)) { $0 << 8 | UInt64($1) }
        return seconds < 1 << 63 ? (seconds, Array(signature.bytes[8...])) : nil
    }

    /// When a cosignature says that it was given.
    public static func time(of signature: SignedNote.Signature) -> Timestamp? {
        parts(of: signature).flatMap { $0.seconds < 1 << 40 ? Timestamp(milliseconds: Int64($0.seconds) * 1000) : nil }
    }
}

private func isKeyName(_ name: some StringProtocol) -> Bool {
    (1...128).contains(name.utf8.count)
        && name.unicodeScalars.allSatisfy {
            $0.value >= 0x20 && $0 != "+" && !$0.properties.isWhitespace && $0.properties.generalCategory != .control
        }
}

private func bigEndian(_ value: UInt32) -> [UInt8] { (0..<4).reversed().map { UInt8(truncatingIfNeeded: value >> ($0 * 8)) } }

private func hexadecimal(_ value: UInt32) -> String {
    let digits = String(value, radix: 16)
    return String(repeating: "0", count: 8 - digits.count) + digits
}
