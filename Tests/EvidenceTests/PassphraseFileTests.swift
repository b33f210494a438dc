import Foundation
import Testing

@testable import Evidence

@Suite("Passphrase files")
struct PassphraseFileTests {
    static let passphrase = "gạo nếp cẩm 7 bát"

    /// Made by age 1.1.1 of Debian 12 (`age --passphrase`) with ``passphrase``.
    static let foreign = """
        YWdlLWVuY3J5cHRpb24ub3JnL3YxCi0+IHNjcnlwdCBSeFc4NDVqN1B1bEJDV0lkUnUvUVlBIDE4CjAyVU1CUDd3UWxBeWtYTmRw
        T1pDZWhLVjB1ejIrdmJMWGRtTFk3RUM3MEUKLS0tIGNEL2ZkUUNlSzJqckNjRU1qVlNDNExQSDlOUDdvcFliVFJINTFHcmVuSjgK
        yJJ0WBWkBhENaAzFi4B1kov4BogKNZjzuSx4JovNk1hglwABqDNuhKAB9irB8sGT7RKYT9q0uhD4zapeF0zsEvlIpQ==
        """

    /// A file that is quick to open: log N = 1.
    static func quick(_ contents: [UInt8]) throws -> [UInt8] {
        try PassphraseFile.seal(chunks: PassphraseFile.chunks(of: contents), passphrase: passphrase, logWorkFactor: 1)
    }

    static func pattern(_ count: Int) -> [UInt8] { (0..<count).map { UInt8(truncatingIfNeeded: $0 &* 31 &+ $0 >> 8) } }

    /// The error that opening these bytes ends with; `nil` when they open.
    static func refusal(_ bytes: [UInt8], passphrase: String = passphrase) -> PassphraseFileError? {
        do {
            _ = try PassphraseFile.open(bytes, passphrase: passphrase)
            return nil
        } catch {
            return error
        }
    }

    // MARK: - What opens

    @Test func `opens what age sealed`() throws {
        let bytes = Array(try #require(Data(base64Encoded: Self.foreign, options: .ignoreUnknownCharacters)))
        let contents = try PassphraseFile.open(bytes, passphrase: Self.passphrase)
        #expect(String(decoding: contents, as: UTF8.self) == "Chìa khoá của kho minh chứng\n")
    }

    @Test(
        "opens what it sealed, of every size around a chunk",
        arguments: [0, 1, 65535, 65536, 65537, 131_071, 131_072, 131_073, 1_048_576])
    func roundTrip(count: Int) throws {
        let contents = Self.pattern(count)
        let file = try Self.quick(contents)
        #expect(file.count == 149 + 16 + count + 16 * max(1, (count + 65535) / 65536))
        #expect(try PassphraseFile.open(file, passphrase: Self.passphrase) == contents)
    }

    @Test func `seals with the work factor of age, and never the same bytes twice`() throws {
        let file = try PassphraseFile.seal([1, 2, 3], passphrase: Self.passphrase)
        let header = String(decoding: file.prefix(150), as: UTF8.self).split(separator: "\n", omittingEmptySubsequences: false)
        #expect(header.count == 5 && header[0] == "age-encryption.org/v1" && header[4].isEmpty)
        #expect(header[1].hasPrefix("-> scrypt ") && header[1].hasSuffix(" 18") && header[1].utf8.count == 35)
        #expect(header[2].utf8.count == 43 && header[3].hasPrefix("--- ") && header[3].utf8.count == 47)
        #expect(try PassphraseFile.open(file, passphrase: Self.passphrase) == [1, 2, 3])

        let (first, second) = (try Self.quick([1, 2, 3]), try Self.quick([1, 2, 3]))
        // Salt, file key under it, MAC and nonce are all new.
        for part in [32..<54, 57..<100, 105..<148, 149..<165] { #expect(first[part] != second[part]) }
    }

    @Test func `a passphrase is its bytes, neither normalised nor trimmed`() throws {
        let file = try Self.quick([1])
        #expect(Self.passphrase == Self.passphrase.decomposedStringWithCanonicalMapping)
        for other in [
            Self.passphrase.decomposedStringWithCanonicalMapping, Self.passphrase + " ", " " + Self.passphrase, Self.passphrase + "\n",
            Self.passphrase.uppercased(), "x",
        ] {
            #expect(Self.refusal(file, passphrase: other) == .wrongPassphrase)
        }
    }

    @Test("a passphrase that cannot be typed seals nothing", arguments: ["", "a\n", "a\tb", "\u{7F}", "\0", "a\u{1B}[A"])
    func unusable(passphrase: String) throws {
        #expect(throws: PassphraseFileError.unusablePassphrase) { try PassphraseFile.seal([1], passphrase: passphrase) }
        #expect(Self.refusal(try Self.quick([1]), passphrase: "") == .unusablePassphrase)
    }

    @Test func `more than the limit is neither sealed nor opened`() throws {
        let limit = PassphraseFile.contentsLimit
        #expect(throws: PassphraseFileError.tooLarge(limit: limit)) {
            try PassphraseFile.seal([UInt8](repeating: 0, count: limit + 1), passphrase: Self.passphrase)
        }
        #expect(Self.refusal(try Self.quick([UInt8](repeating: 0, count: limit + 1))) == .tooLarge(limit: limit))
    }

    // MARK: - What does not open

    @Test func `every flipped bit is refused`() throws {
        let file = try Self.quick(Array("Kho".utf8))
        for place in file.indices {
            for bit in 0..<8 {
                var changed = file
                changed[place] ^= 1 << bit
                let refusal = Self.refusal(changed)
                #expect(refusal != nil, "byte \(place), bit \(bit)")
                // The MAC and the payload are read after the passphrase was found right.
                guard place >= 105 else { continue }
                if case .damaged = refusal { continue }
                Issue.record("byte \(place), bit \(bit): \(refusal as Any)")
            }
        }
    }

    @Test("every truncation is refused", arguments: [0, 3])
    func truncated(count: Int) throws {
        let file = try Self.quick(Self.pattern(count))
        for length in file.indices { #expect(Self.refusal(Array(file.prefix(length))) != nil, "\(length) bytes") }
    }

    @Test("what was cut off at a chunk, moved or added is refused", arguments: [65536, 131_072, 131_073])
    func chunks(count: Int) throws {
        let file = try Self.quick(Self.pattern(count))
        let (start, chunk) = (165, 65536 + 16)
        let changed = PassphraseFileError.damaged("its contents were changed or cut off")
        for length in stride(from: start + chunk, to: file.count, by: chunk) {
            #expect(Self.refusal(Array(file.prefix(length))) == changed)
            for more in [-1, 1, 15, 16] { #expect(Self.refusal(Array(file.prefix(length + more))) == changed) }
        }
        for more in [1, 15, 16, 17] { #expect(Self.refusal(file + [UInt8](repeating: 0, count: more)) == changed) }
        #expect(Self.refusal(file + file[start...]) == changed)
        if count > 65536 {
            let swapped = Array(file[..<start] + file[(start + chunk)...] + file[start..<(start + chunk)])
            #expect(Self.refusal(swapped) == changed)
        }
    }

    @Test func `an empty last chunk, or a short one before the last, is refused though its seal is right`() throws {
        func file(_ chunks: [[UInt8]]) throws -> [UInt8] {
            try PassphraseFile.seal(chunks: chunks.map { $0[...] }, passphrase: Self.passphrase, logWorkFactor: 1)
        }
        let full = Self.pattern(65536)
        #expect(Self.refusal(try file([full, [1]])) == nil)
        #expect(Self.refusal(try file([full, []])) == .damaged("it ends with an empty chunk"))
        #expect(Self.refusal(try file([[1], [2]])) == .damaged("its contents were changed or cut off"))
        #expect(Self.refusal(try file([full + [1]])) == .damaged("its contents were changed or cut off"))
    }

    /// What is put instead of what in a sound file's header, and what opening says then.
    struct Edit: Sendable, CustomTestStringConvertible {
        let testDescription: String
        /// Given the four lines of the header.
        let edit: @Sendable (inout [String]) -> Void
        let refusal: PassphraseFileError
    }

    static let malformed = PassphraseFileError.damaged("a recipient's line is not well-formed")
    static let header = PassphraseFileError.damaged("its header is not well-formed")
    static let salt = PassphraseFileError.damaged("its salt is not 16 bytes in base 64")
    static let workFactor = PassphraseFileError.damaged("its work factor is not a number")
    static let fileKey = PassphraseFileError.damaged("its file key is not 32 bytes in base 64")
    static let base64 = PassphraseFileError.damaged("a recipient's key is not base 64")
    static let others = PassphraseFileError.notPassphraseFile("it has other recipients beside the passphrase")
    static let keys = PassphraseFileError.notPassphraseFile("it is sealed for keys, not under a passphrase")
    static let version = PassphraseFileError.notPassphraseFile("it does not begin with age-encryption.org/v1")
    static let zeros22 = String(repeating: "A", count: 22)
    static let zeros43 = String(repeating: "A", count: 43)

    static let edits: [Edit] = [
        Edit(testDescription: "another version", edit: { $0[0] = "age-encryption.org/v2" }, refusal: version),
        Edit(testDescription: "another first line", edit: { $0[0] = "-----BEGIN PGP MESSAGE-----" }, refusal: version),
        Edit(testDescription: "a carriage return", edit: { $0[0] += "\r" }, refusal: version),
        Edit(
            testDescription: "armour", edit: { $0[0] = "-----BEGIN AGE ENCRYPTED FILE-----" },
            refusal: .notPassphraseFile("it is in the text form of age (armour); open it with age --decrypt")),
        Edit(testDescription: "no recipient", edit: { $0.removeSubrange(1...2) }, refusal: header),
        Edit(
            testDescription: "a key's recipient", edit: { $0[1] = "-> X25519 " + zeros43 }, refusal: keys),
        Edit(
            testDescription: "a key's recipient of many lines, then the passphrase",
            edit: { $0.insert(contentsOf: ["-> big", String(repeating: "A", count: 64), String(repeating: "A", count: 64), ""], at: 1) },
            refusal: others),
        Edit(testDescription: "the passphrase twice", edit: { $0.insert(contentsOf: $0[1...2], at: 1) }, refusal: others),
        Edit(testDescription: "then a recipient without a key", edit: { $0.insert(contentsOf: ["-> x", ""], at: 3) }, refusal: others),
        Edit(testDescription: "capitals", edit: { $0[1] = $0[1].replacing("scrypt", with: "Scrypt") }, refusal: keys),
        Edit(
            testDescription: "two arguments", edit: { $0[1] = "-> scrypt " + zeros22 },
            refusal: .damaged("its scrypt line has not three arguments")),
        Edit(
            testDescription: "four arguments", edit: { $0[1] += " 1" }, refusal: .damaged("its scrypt line has not three arguments")),
        Edit(testDescription: "two spaces", edit: { $0[1] = $0[1].replacing("scrypt ", with: "scrypt  ") }, refusal: malformed),
        Edit(testDescription: "a space at the end", edit: { $0[1] += " " }, refusal: malformed),
        Edit(testDescription: "a carriage return at the end", edit: { $0[1] += "\r" }, refusal: malformed),
        Edit(testDescription: "a letter beyond ASCII", edit: { $0[1] += "à" }, refusal: malformed),
        Edit(testDescription: "no argument", edit: { $0[1] = "-> " }, refusal: malformed),
        Edit(testDescription: "no space", edit: { $0[1] = "->scrypt" }, refusal: header),
        Edit(testDescription: "a salt of 15 bytes", edit: { $0[1] = "-> scrypt AAAAAAAAAAAAAAAAAAAA 1" }, refusal: salt),
        Edit(testDescription: "a salt with padding", edit: { $0[1] = "-> scrypt \(zeros22)== 1" }, refusal: salt),
        Edit(testDescription: "a salt with bits for nothing", edit: { $0[1] = "-> scrypt \(zeros22.dropLast())B 1" }, refusal: salt),
        Edit(testDescription: "a salt in the other alphabet", edit: { $0[1] = "-> scrypt -_\(zeros22.dropLast(2)) 1" }, refusal: salt),
        Edit(testDescription: "work factor 0", edit: { $0[1] = "-> scrypt \(zeros22) 0" }, refusal: workFactor),
        Edit(testDescription: "work factor 01", edit: { $0[1] = "-> scrypt \(zeros22) 01" }, refusal: workFactor),
        Edit(testDescription: "work factor +1", edit: { $0[1] = "-> scrypt \(zeros22) +1" }, refusal: workFactor),
        Edit(testDescription: "work factor -1", edit: { $0[1] = "-> scrypt \(zeros22) -1" }, refusal: workFactor),
        Edit(testDescription: "work factor 1e1", edit: { $0[1] = "-> scrypt \(zeros22) 1e1" }, refusal: workFactor),
        Edit(testDescription: "work factor 21", edit: { $0[1] = "-> scrypt \(zeros22) 21" }, refusal: .workFactorTooHigh(limit: 20)),
        Edit(
            testDescription: "a work factor that no Int holds", edit: { $0[1] = "-> scrypt \(zeros22) 99999999999999999999" },
            refusal: .workFactorTooHigh(limit: 20)),
        Edit(testDescription: "another salt", edit: { $0[1] = "-> scrypt \(zeros22) 1" }, refusal: .wrongPassphrase),
        Edit(testDescription: "another file key", edit: { $0[2] = zeros43 }, refusal: .wrongPassphrase),
        Edit(testDescription: "a file key with padding", edit: { $0[2] += "=" }, refusal: base64),
        Edit(testDescription: "a file key with bits for nothing", edit: { $0[2] = zeros43.dropLast() + "B" }, refusal: base64),
        Edit(testDescription: "a file key with a letter too many", edit: { $0[2] += "AA" }, refusal: base64),
        Edit(testDescription: "a file key of 33 bytes", edit: { $0[2] += "A" }, refusal: fileKey),
        Edit(testDescription: "a file key of 31 bytes", edit: { $0[2] = String(zeros43.dropLast()) }, refusal: fileKey),
        Edit(testDescription: "no file key", edit: { $0[2] = "" }, refusal: fileKey),
        Edit(testDescription: "a file key in two lines", edit: { $0.insert("", at: 3) }, refusal: header),
        Edit(testDescription: "a file key of 48 bytes", edit: { $0[2] = zeros43 + zeros22.dropLast() + "\n" }, refusal: fileKey),
        Edit(
            testDescription: "a line of 65 letters", edit: { $0[2] = zeros43 + zeros22 },
            refusal: .damaged("a line of a recipient is longer than 64 letters")),
        Edit(testDescription: "another MAC", edit: { $0[3] = "--- " + zeros43 }, refusal: .damaged("its header was changed")),
        Edit(testDescription: "a MAC with padding", edit: { $0[3] += "=" }, refusal: header),
        Edit(testDescription: "a MAC with bits for nothing", edit: { $0[3] = "--- " + zeros43.dropLast() + "B" }, refusal: header),
        Edit(testDescription: "a space before the MAC", edit: { $0[3] = $0[3].replacing("--- ", with: "---  ") }, refusal: header),
        Edit(testDescription: "a space behind the MAC", edit: { $0[3] += " " }, refusal: header),
        Edit(testDescription: "no MAC", edit: { $0[3] = "---" }, refusal: header),
        Edit(testDescription: "no mark", edit: { $0[3] = zeros43 }, refusal: header),
    ]

    @Test("a header that is not as specified is refused, and why", arguments: edits)
    func refuses(edit: Edit) throws {
        let file = try Self.quick([1])
        var lines = String(decoding: file.prefix(148), as: UTF8.self).split(separator: "\n").map(String.init)
        edit.edit(&lines)
        let changed = Array((lines.joined(separator: "\n") + "\n").utf8) + file[149...]
        #expect(Self.refusal(changed) == edit.refusal)
        #expect(!edit.refusal.description.contains("\n"))
    }

    @Test func `the errors say what to do`() {
        #expect(
            PassphraseFileError.wrongPassphrase.description
                == "cannot open the passphrase file: it was sealed with another passphrase, or its first lines were changed")
        #expect(
            PassphraseFileError.damaged("its header was changed").description
                == "cannot open the passphrase file: it is damaged, its header was changed; take another copy")
        #expect(
            PassphraseFileError.outOfMemory(needed: 1 << 28).description
                == "cannot derive the key of the passphrase file: 256 MiB of memory are needed; free some")
    }

    // MARK: - Base 64

    @Test func `base 64 without padding is RFC 4648's, one text for each bytes`() {
        // RFC 4648 §10, without its padding.
        for (text, base64) in [
            ("", ""), ("f", "Zg"), ("fo", "Zm8"), ("foo", "Zm9v"), ("foob", "Zm9vYg"), ("fooba", "Zm9vYmE"), ("foobar", "Zm9vYmFy"),
        ] {
            #expect(UnpaddedBase64.encode(Array(text.utf8)) == Array(base64.utf8))
            #expect(UnpaddedBase64.decode(base64.utf8) == Array(text.utf8))
        }
        for count in 0..<100 {
            let bytes = Self.pattern(count).map { ~$0 }
            let expected = Data(bytes).base64EncodedString().replacing("=", with: "")
            #expect(UnpaddedBase64.encode(bytes) == Array(expected.utf8))
            #expect(UnpaddedBase64.decode(expected.utf8) == bytes)
        }
        // Of all texts of two letters, 64 × 4 are a byte's.
        let letters = UInt8.min...UInt8.max
        let read = letters.flatMap { first in letters.compactMap { UnpaddedBase64.decode([first, $0]) } }
        #expect(read.count == 256 && Set(read).count == 256)
        for text in ["Z", "Zg=", "Zg==", "Zm9vY", "Zm 9v", "Zm9v\n", "Zh", "Zm9"] { #expect(UnpaddedBase64.decode(text.utf8) == nil) }
    }
}
