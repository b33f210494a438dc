import Evidence
import Testing

@Suite("Signing keys")
struct SigningKeyTests {
    struct Vector: Sendable {
        let seed: [UInt8]
        let publicKey: [UInt8]
        let message: [UInt8]
        let signature: [UInt8]
    }

    /// RFC 8032 §7.1, TEST 1 to TEST 3.
    static let vectors = [
        Vector(
            seed: bytes("9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60"),
            publicKey: bytes("d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a"),
            message: [],
            signature: bytes(
                "e5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e06522490155"
                    + "5fb8821590a33bacc61e39701cf9b46bd25bf5f0595bbe24655141438e7a100b")),
        Vector(
            seed: bytes("4ccd089b28ff96da9db6c346ec114e0f5b8a319f35aba624da8cf6ed4fb8a6fb"),
            publicKey: bytes("3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c"),
            message: [0x72],
            signature: bytes(
                "92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da"
                    + "085ac1e43e15996e458f3613d0f11d8c387b2eaeb4302aeeb00d291612bb0c00")),
        Vector(
            seed: bytes("c5aa8df43f9f837bedb7442f31dcb7b166d38535076f094b85ce3a2e0b4458f7"),
            publicKey: bytes("fc51cd8e6218a1a38da47ed00230f0580816ed13ba3303ac5deb911548908025"),
            message: [0xAF, 0x82],
            signature: bytes(
                "6291d657deec24024827e69c3abe01a30ce548a284743a445e3680d7db5ac3ac"
                    + "18ff9b538d16f290ae67f760984dc6594a7c15e9716ed28dc027beceea1ec40a")),
    ]

    /// 2²⁵² + 27742317777372353535851937790883648493, the order of the base point, little-endian.
    static let order = bytes("edd3f55c1a631258d69cf7a2def9de1400000000000000000000000000000010")

    static func bytes(_ hex: String) -> [UInt8] {
        stride(from: 0, to: hex.utf8.count, by: 2).map { offset in
            // The texts above are hexadecimal digits, two for each byte.
            UInt8(hex.dropFirst(offset).prefix(2), radix: 16)!
        }
    }

    @Test("signs and verifies as RFC 8032 does", arguments: vectors)
    func signs(vector: Vector) throws {
        let key = try #require(SigningKey(seed: vector.seed))
        #expect(key.seed == vector.seed)
        #expect(key.publicKey.bytes == vector.publicKey)
        #expect(key.publicKey == VerifyingKey(bytes: vector.publicKey))
        #expect(key.signature(of: vector.message) == vector.signature)
        #expect(key.publicKey.verifies(vector.signature, of: vector.message))
        #expect(!key.publicKey.verifies(vector.signature, of: vector.message + [0]))
    }

    @Test func `two signatures of one message are the same bytes`() throws {
        let key = SigningKey.random()
        let message = [UInt8](repeating: 7, count: 1000)
        let signature = key.signature(of: message)
        for _ in 0..<20 { #expect(key.signature(of: message) == signature) }
        #expect(try #require(SigningKey(seed: key.seed)).signature(of: message) == signature)
        #expect(SigningKey.random().seed != key.seed)
    }

    @Test func `a signature with any bit changed is none, and so is one of another length`() throws {
        let vector = Self.vectors[2]
        let key = try #require(VerifyingKey(bytes: vector.publicKey))
        for place in 0..<64 {
            for bit in 0..<8 {
                var signature = vector.signature
                signature[place] ^= 1 << bit
                #expect(!key.verifies(signature, of: vector.message), "byte \(place), bit \(bit)")
            }
        }
        for count in 0..<64 { #expect(!key.verifies(Array(vector.signature.prefix(count)), of: vector.message)) }
        #expect(!key.verifies(vector.signature + [0], of: vector.message))
        #expect(!key.verifies([], of: []))
    }

    @Test("S with the order added is the same number and not the same signature", arguments: vectors)
    func malleable(vector: Vector) throws {
        let key = try #require(VerifyingKey(bytes: vector.publicKey))
        var signature = vector.signature
        // As often as it still fits into 256 bits: BoringSSL looks at the three highest bits first.
        for round in 1...15 {
            var carry = 0
            for place in 0..<32 {
                let sum = Int(signature[32 + place]) + Int(Self.order[place]) + carry
                signature[32 + place] = UInt8(sum & 255)
                carry = sum >> 8
            }
            guard carry == 0 else { break }
            #expect(!key.verifies(signature, of: vector.message), "S + \(round) L")
        }
    }

    @Test func `a signature whose R is of small order is refused, though the equation holds`() throws {
        // R is the neutral element and S = h·a mod L for the key of TEST 1 and the message 72, computed in Python.
        let signature = Self.bytes(
            "0100000000000000000000000000000000000000000000000000000000000000"
                + "58c417b3a2665269f2291931ff74de319dd45e06323cb6c4dac010d5cd521501")
        let key = try #require(VerifyingKey(bytes: Self.vectors[0].publicKey))
        #expect(!key.verifies(signature, of: [0x72]))
    }

    /// y of the points of small order, and every y that is not below p = 2²⁵⁵ − 19.
    static let refused =
        [
            "0000000000000000000000000000000000000000000000000000000000000000",
            "0100000000000000000000000000000000000000000000000000000000000000",
            "26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05",
            "c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a",
            "ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
        ].map(bytes) + (UInt8(0xED)...0xFF).map { [$0] + [UInt8](repeating: 0xFF, count: 30) + [0x7F] }

    @Test("a key of small order or in a second encoding is none", arguments: refused)
    func refuses(key: [UInt8]) {
        #expect(VerifyingKey(bytes: key) == nil)
        var other = key
        other[31] |= 0x80
        #expect(VerifyingKey(bytes: other) == nil)
    }

    @Test func `the largest y below p's neighbours is read, and bytes that are no point verify nothing`() throws {
        // p − 2 and 2 as y: no such points need exist; what matters is that nothing is taken for a signature.
        for y in [[0xEB] + [UInt8](repeating: 0xFF, count: 30) + [0x7F], [2] + [UInt8](repeating: 0, count: 31)] {
            let key = try #require(VerifyingKey(bytes: y))
            #expect(!key.verifies(Self.vectors[0].signature, of: []))
            #expect(!key.verifies([UInt8](repeating: 0, count: 64), of: []))
        }
    }

    @Test("a key of another size is none", arguments: [0, 1, 31, 33, 64])
    func refuses(count: Int) {
        #expect(SigningKey(seed: [UInt8](repeating: 7, count: count)) == nil)
        #expect(VerifyingKey(bytes: [UInt8](repeating: 7, count: count)) == nil)
    }

    @Test func `nothing prints a seed`() throws {
        struct Holder { let key: SigningKey }
        let key = try #require(SigningKey(seed: Self.vectors[0].seed))
        let expected = "signing key of d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a"
        #expect("\(key)" == expected)
        #expect(String(reflecting: key) == expected)
        #expect("\(Holder(key: key))" == "Holder(key: \(expected))")
        #expect("\([key])" == "[\(expected)]")
        #expect(Mirror(reflecting: key).children.isEmpty)
        var dumped = ""
        dump(Holder(key: key), to: &dumped)
        #expect(dumped.contains(expected))
        // The seed as hexadecimal digits, and its second byte as `dump` would list it.
        #expect(!dumped.contains("9d61b1") && !dumped.contains("- 97\n"))
    }
}
