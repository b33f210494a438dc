import Evidence
import Foundation
import Testing

@Suite("Digests")
struct DigestTests {
    /// FIPS 180-4 examples and `sha256sum` of Debian.
    static let known: [(text: String, hex: String)] = [
        ("", "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"),
        ("abc", "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"),
        (
            "abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq",
            "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1"
        ),
        ("Đồng Tháp\n", "a8210a9b376ec103755ce09c7210543a197075a11167284bd47bbb915402e2a4"),
    ]

    @Test("is SHA-256", arguments: known)
    func isSHA256(text: String, hex: String) {
        #expect(Digest(of: text.utf8).hex == hex)
        #expect(Digest(of: Array(text.utf8)).description == hex)
        // A sequence without contiguous storage.
        #expect(Digest(of: AnySequence(text.utf8)).hex == hex)
        var hasher = DigestHasher()
        for byte in text.utf8 { hasher.update([byte]) }
        #expect(hasher.finalize().hex == hex)
    }

    @Test func `a million letters have the digest of FIPS 180-4`() {
        let hex = "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0"
        #expect(Digest(of: repeatElement(UInt8(ascii: "a"), count: 1_000_000)).hex == hex)
    }

    @Test func `nothing has the digest of no bytes`() {
        #expect(Digest.ofNothing.hex == Self.known[0].hex)
    }

    @Test func `hashing goes on after a result was taken`() {
        var hasher = DigestHasher()
        hasher.update(Array("ab".utf8))
        let before = hasher.finalize()
        hasher.update(Array("c".utf8))
        #expect(before == Digest(of: "ab".utf8))
        #expect(hasher.finalize().hex == Self.known[1].hex)
    }

    @Test func `hashing a digest hashes its 32 bytes`() {
        let digest = Digest(of: "abc".utf8)
        var hasher = DigestHasher()
        hasher.update(digest)
        #expect(hasher.finalize() == Digest(of: digest.bytes))
    }

    @Test(
        "refuses what is not 64 lower-case hexadecimal digits",
        arguments: [
            "", "00", String(repeating: "0", count: 63), String(repeating: "0", count: 65),
            String(repeating: "A", count: 64), String(repeating: "g", count: 64), " " + String(repeating: "0", count: 63),
            "0x" + String(repeating: "0", count: 62), String(repeating: "0", count: 63) + "\n",
            String(repeating: "0", count: 63) + "\u{661}", String(repeating: "０", count: 64), String(repeating: "/", count: 64),
            String(repeating: ":", count: 64), String(repeating: "`", count: 64), String(repeating: "0", count: 64) + "\0",
        ])
    func refuses(hex: String) {
        #expect(Digest(hex: hex) == nil)
    }

    @Test("refuses other than 32 bytes", arguments: [0, 1, 31, 33, 64])
    func refuses(count: Int) {
        #expect(Digest(bytes: [UInt8](repeating: 7, count: count)) == nil)
    }

    @Test func `prints and reads itself, and sorts as its hexadecimal name`() throws {
        var generator = SeededGenerator()
        print("seed \(generator.seed)")
        var digests = try (0..<200).map { _ in
            try #require(Digest(bytes: (0..<32).map { _ in UInt8.random(in: 0...255, using: &generator) }))
        }
        // Neighbours that differ in one bit of one byte only.
        for byte in 0..<32 {
            var bytes = [UInt8](repeating: 0x80, count: 32)
            bytes[byte] = 0x7F
            digests.append(try #require(Digest(bytes: bytes)))
        }
        for digest in digests {
            #expect(digest.hex == digest.bytes.map { String(format: "%02x", $0) }.joined())
            #expect(Digest(hex: digest.hex) == digest)
            #expect(Digest(hex: Substring(digest.hex)) == digest)
            #expect(Digest(bytes: digest.bytes) == digest)
            #expect(digest.withUnsafeBytes { Array($0) } == digest.bytes)
        }
        #expect(digests.sorted().map(\.hex) == digests.map(\.hex).sorted { $0.utf8.lexicographicallyPrecedes($1.utf8) })
        #expect(Set(digests).count == digests.count)
        #expect(Set(digests + digests).count == digests.count)
    }
}

/// A small generator whose seed can be printed and given again (SplitMix64).
struct SeededGenerator: RandomNumberGenerator {
    let seed: UInt64
    private var state: UInt64

    init(seed: UInt64 = UInt64.random(in: 0...UInt64.max)) {
        self.seed = seed
        state = seed
    }

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var mixed = state
        mixed = (mixed ^ (mixed >> 30)) &* 0xBF58_476D_1CE4_E5B9
        mixed = (mixed ^ (mixed >> 27)) &* 0x94D0_49BB_1331_11EB
        return mixed ^ (mixed >> 31)
    }
}
