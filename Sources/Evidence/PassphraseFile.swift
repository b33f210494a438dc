internal import Crypto
internal import CryptoExtras

/// A file that a passphrase opens, in the format age v1 with one scrypt recipient (age-encryption.org/v1; the specification is
/// `age.md` of C2SP): what is sealed here, `age --decrypt` opens without us, and the other way round.
///
///     age-encryption.org/v1
///     -> scrypt <salt, 16 bytes> <log₂ of the work factor>
///     <file key, sealed under the passphrase, 32 bytes>
///     --- <HMAC-SHA-256 of all before, 32 bytes>
///     <nonce, 16 bytes><chunks of 64 KiB, each sealed with ChaCha20-Poly1305>
///
/// The passphrase counts as its UTF-8 bytes exactly, as with `age`: it is neither normalised nor trimmed, so a letter that was typed
/// composed (NFC) and one that was typed decomposed (NFD) are different passphrases, though `String` calls them equal.
public enum PassphraseFile {
    /// The most bytes that one file keeps: contents are held in memory whole.
    public static let contentsLimit = 1 << 20
    /// The logarithm of the work factor that is written, as `age` does: 256 MiB and about a second for each guess.
    public static let logWorkFactor = 18
    /// The greatest logarithm of a work factor that is read: 1 GiB. A file must not choose how long we are busy with it.
    public static let logWorkFactorLimit = 20

    private static let saltLabel = Array("age-encryption.org/v1/scrypt".utf8)
    private static let saltSize = 16
    private static let fileKeySize = 16
    private static let nonceSize = 16
    private static let tagSize = 16
    private static let chunkSize = 64 << 10
    private static let blockSize = 8

    /// A new file of `contents`, none to 1 MiB, under a file key, salt and nonce of its own: no two are alike. It takes about a second
    /// and 256 MiB, so it does not belong on the cooperative thread pool.
    ///
    /// - Throws: ``PassphraseFileError/unusablePassphrase`` when the passphrase is empty or has control characters, which cannot be
    ///   typed when `age` asks for it; ``PassphraseFileError/tooLarge(limit:)``; ``PassphraseFileError/outOfMemory(needed:)``.
    public static func seal(_ contents: [UInt8], passphrase: String) throws(PassphraseFileError) -> [UInt8] {
        guard !passphrase.isEmpty, passphrase.utf8.allSatisfy({ $0 >= 0x20 && $0 != 0x7F }) else { throw .unusablePassphrase }
        guard contents.count <= contentsLimit else { throw .tooLarge(limit: contentsLimit) }
        return try seal(chunks: chunks(of: contents), passphrase: passphrase, logWorkFactor: logWorkFactor)
    }

    /// The contents in pieces of 64 KiB, of which only the last may be shorter; one empty piece when there are none.
    static func chunks(of contents: [UInt8]) -> [ArraySlice<UInt8>] {
        contents.isEmpty ? [[]] : stride(from: 0, to: contents.count, by: chunkSize).map { contents[$0...].prefix(chunkSize) }
    }

    /// The same with another work factor and with any chunks, for tests: many files, and some that nobody should write.
    static func seal(chunks: [ArraySlice<UInt8>], passphrase: String, logWorkFactor: Int) throws(PassphraseFileError) -> [UInt8] {
        let fileKey = randomBytes(fileKeySize)
        let salt = randomBytes(saltSize)
        let wrapKey = try wrapKey(passphrase: passphrase, salt: salt, logWorkFactor: logWorkFactor)
        let body = sealed(fileKey[...], key: wrapKey, nonce: wrapNonce)

        var file = AgeHeader.version + lineFeed
        file += Array("-> scrypt ".utf8) + UnpaddedBase64.encode(salt) + Array(" \(logWorkFactor)\n".utf8)
        file += UnpaddedBase64.encode(body) + lineFeed + AgeHeader.macMark
        let mac = HMAC<SHA256>.authenticationCode(for: file, using: derivedKey(fileKey, info: "header"))
        file += Array(" ".utf8) + UnpaddedBase64.encode(Array(mac)) + lineFeed

        let nonce = randomBytes(nonceSize)
        file += nonce
        let payloadKey = derivedKey(fileKey, salt: nonce, info: "payload")
        for (number, chunk) in chunks.enumerated() {
            file += sealed(chunk, key: payloadKey, nonce: chunkNonce(number, isLast: number == chunks.count - 1))
        }
        return file
    }

    /// The contents of the file that these bytes are, every one of them authentic. It takes the time and memory that the file's work
    /// factor asks for, a second and 256 MiB for one of ``seal(_:passphrase:)``, four times that at most.
    ///
    /// - Throws: ``PassphraseFileError``. A wrong passphrase and a file key that was changed cannot be told apart; what was changed
    ///   elsewhere is ``PassphraseFileError/damaged(_:)``.
    public static func open(_ bytes: [UInt8], passphrase: String) throws(PassphraseFileError) -> [UInt8] {
        guard !passphrase.isEmpty else { throw .unusablePassphrase }
        let header = try AgeHeader(bytes)
        let recipient = try scryptRecipient(of: header)
        // Before the costly derivation: what is too large is refused at once.
        let payload = bytes[header.end...]
        guard payload.count <= nonceSize + sealedSize(contentsLimit) else { throw .tooLarge(limit: contentsLimit) }
        guard payload.count >= nonceSize + tagSize else { throw .damaged("it is cut off") }

        let wrapKey = try wrapKey(passphrase: passphrase, salt: recipient.salt, logWorkFactor: recipient.logWorkFactor)
        guard let fileKey = opened(recipient.body[...], key: wrapKey, nonce: wrapNonce) else { throw .wrongPassphrase }
        let headerKey = derivedKey(fileKey, info: "header")
        guard HMAC<SHA256>.isValidAuthenticationCode(header.mac, authenticating: bytes[..<header.authenticatedEnd], using: headerKey)
        else { throw .damaged("its header was changed") }

        let payloadKey = derivedKey(fileKey, salt: Array(payload.prefix(nonceSize)), info: "payload")
        var rest = payload.dropFirst(nonceSize)
        var contents: [UInt8] = []
        contents.reserveCapacity(rest.count)
        var number = 0
        repeat {
            let chunk = rest.prefix(chunkSize + tagSize)
            rest = rest.dropFirst(chunkSize + tagSize)
            guard let text = opened(chunk, key: payloadKey, nonce: chunkNonce(number, isLast: rest.isEmpty)) else {
                // The end is part of what is authenticated: bytes that are missing or follow show here too.
                throw .damaged("its contents were changed or cut off")
            }
            // Else one contents would have two forms.
            guard !text.isEmpty || number == 0 else { throw .damaged("it ends with an empty chunk") }
            contents += text
            number += 1
        } while !rest.isEmpty
        return contents
    }

    /// What the one stanza of a passphrase file says, checked as the specification demands.
    private static func scryptRecipient(of header: AgeHeader) throws(PassphraseFileError) -> (
        salt: [UInt8], logWorkFactor: Int, body: [UInt8]
    ) {
        guard header.stanzas.contains(where: { $0.arguments[0] == "scrypt" }) else {
            throw .notPassphraseFile("it is sealed for keys, not under a passphrase")
        }
        guard header.stanzas.count == 1 else { throw .notPassphraseFile("it has other recipients beside the passphrase") }
        let (arguments, body) = (header.stanzas[0].arguments, header.stanzas[0].body)
        guard arguments.count == 3 else { throw .damaged("its scrypt line has not three arguments") }
        guard let salt = UnpaddedBase64.decode(arguments[1].utf8), salt.count == saltSize else {
            throw .damaged("its salt is not 16 bytes in base 64")
        }
        let digits = arguments[2].utf8
        guard digits.first != UInt8(ascii: "0"), digits.allSatisfy({ (48...57).contains($0) }) else {
            throw .damaged("its work factor is not a number")
        }
        // A number that no Int holds is too high as well.
        guard let logWorkFactor = Int(arguments[2]), logWorkFactor <= logWorkFactorLimit else {
            throw .workFactorTooHigh(limit: logWorkFactorLimit)
        }
        // Checked before opening, so that one file cannot be made to open under several passphrases.
        guard body.count == fileKeySize + tagSize else { throw .damaged("its file key is not 32 bytes in base 64") }
        return (salt, logWorkFactor, body)
    }

    // MARK: - Keys and chunks

    /// The key that the passphrase stands for (RFC 7914, r = 8, p = 1).
    private static func wrapKey(passphrase: String, salt: [UInt8], logWorkFactor: Int) throws(PassphraseFileError) -> SymmetricKey {
        do {
            return try KDF.Scrypt.deriveKey(
                from: Array(passphrase.utf8), salt: saltLabel + salt, outputByteCount: 32, rounds: 1 << logWorkFactor, blockSize: blockSize,
                parallelism: 1)
        } catch {
            // The parameters are in range, so it is the memory.
            throw .outOfMemory(needed: 128 * blockSize << logWorkFactor)
        }
    }

    private static func derivedKey(_ fileKey: [UInt8], salt: [UInt8] = [], info: String) -> SymmetricKey {
        HKDF<SHA256>.deriveKey(
            inputKeyMaterial: SymmetricKey(data: fileKey), salt: salt, info: Array(info.utf8), outputByteCount: 32)
    }

    /// Twelve zeros: a wrap key seals one file key and nothing else.
    private static let wrapNonce = [UInt8](repeating: 0, count: 12)

    /// Eleven bytes of counter, big-endian, and one that says whether the chunk is the last.
    private static func chunkNonce(_ number: Int, isLast: Bool) -> [UInt8] {
        [0, 0, 0] + withUnsafeBytes(of: UInt64(number).bigEndian) { Array($0) } + [isLast ? 1 : 0]
    }

    private static func sealed(_ bytes: ArraySlice<UInt8>, key: SymmetricKey, nonce: [UInt8]) -> [UInt8] {
        do {
            let box = try ChaChaPoly.seal(bytes, using: key, nonce: ChaChaPoly.Nonce(data: nonce))
            return Array(box.ciphertext) + Array(box.tag)
        } catch {
            // Refused are only keys that are not 32 bytes, nonces that are not 12, and texts of 256 GiB.
            preconditionFailure("ChaCha20-Poly1305 seals a chunk: \(error)")
        }
    }

    /// What was sealed; `nil` when it was another key, nonce or text.
    private static func opened(_ bytes: ArraySlice<UInt8>, key: SymmetricKey, nonce: [UInt8]) -> [UInt8]? {
        guard bytes.count >= tagSize else { return nil }
        do {
            let box = try ChaChaPoly.SealedBox(
                nonce: ChaChaPoly.Nonce(data: nonce), ciphertext: bytes.dropLast(tagSize), tag: bytes.suffix(tagSize))
            return Array(try ChaChaPoly.open(box, using: key))
        } catch {
            return nil
        }
    }

    /// How many bytes the chunks of `count` bytes have.
    private static func sealedSize(_ count: Int) -> Int { count + tagSize * max(1, (count + chunkSize - 1) / chunkSize) }

    private static let lineFeed = [UInt8(ascii: "\n")]

    private static func randomBytes(_ count: Int) -> [UInt8] {
        var generator = SystemRandomNumberGenerator()
        return (0..<count).map { _ in UInt8.random(in: .min ... .max, using: &generator) }
    }
}

/// Why a passphrase file was not made or opened.
public enum PassphraseFileError: Error, Sendable, Equatable, CustomStringConvertible {
    /// The passphrase is empty, or, for a new file, has control characters.
    case unusablePassphrase
    /// The contents are more than ``PassphraseFile/contentsLimit`` bytes.
    case tooLarge(limit: Int)
    /// The bytes are no age v1 file, or one for other recipients.
    case notPassphraseFile(String)
    /// It is such a file and was changed or cut off since.
    case damaged(String)
    /// It asks for more than ``PassphraseFile/logWorkFactorLimit``.
    case workFactorTooHigh(limit: Int)
    /// The passphrase does not open the file key: it is another one, or salt, work factor or sealed file key were changed.
    case wrongPassphrase
    /// The system did not give the bytes that scrypt needs.
    case outOfMemory(needed: Int)

    public var description: String {
        switch self {
        case .unusablePassphrase: "cannot use this passphrase: it is empty or has characters that cannot be typed; choose another"
        case .tooLarge(let limit): "cannot seal or open the passphrase file: its contents have more than \(limit) bytes"
        case .notPassphraseFile(let reason): "cannot open the passphrase file: \(reason)"
        case .damaged(let reason): "cannot open the passphrase file: it is damaged, \(reason); take another copy"
        case .workFactorTooHigh(let limit):
            "cannot open the passphrase file: its work factor is above 2^\(limit), more than is spent here; open it with age --decrypt"
        case .wrongPassphrase: "cannot open the passphrase file: it was sealed with another passphrase, or its first lines were changed"
        case .outOfMemory(let needed): "cannot derive the key of the passphrase file: \(needed >> 20) MiB of memory are needed; free some"
        }
    }
}
