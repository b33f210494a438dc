import Evidence
import Foundation
import Testing
import Timestamping

private let content = Array("Giấy khen, 2025".utf8)
private let imprint = Digest(of: content)

@Suite(.enabled(if: hasOpenSSL, openSSLAbsence))
struct TokenTests {
    @Test("a right stamp verifies, and says when, on what and by whom", arguments: ["EC", "RSA"])
    func right(algorithm: String) throws {
        let authority = try LocalAuthority(algorithm: algorithm)
        let before = Date().timeIntervalSince1970 * 1000
        let bytes = try authority.stamp(imprint)
        let token = try TimestampToken(parsing: bytes)
        try token.verify(imprint: imprint, trusting: authority.read("root.pem"))
        #expect(token.bytes == bytes)
        #expect(token.imprint == imprint)
        #expect(token.serial == "1a2b3d")
        #expect(token.authority == "CN=signer,O=Cơ quan thử")
        // The clock may be read in pieces; to the second it is the same one.
        #expect(token.time.milliseconds >= Int64(before) - 1)
        #expect(token.time.milliseconds < Int64(before) + 60_000)
    }

    @Test func `openssl accepts the same file`() throws {
        let authority = try LocalAuthority()
        let token = try TimestampToken(parsing: authority.stamp(imprint))
        try authority.write(token.bytes, to: "kept.tsr")
        try authority.write(content, to: "file")
        let said = try authority.openssl(["ts", "-verify", "-in", "kept.tsr", "-data", "file", "-CAfile", "root.pem"])
        #expect(said.contains("Verification: OK"))
        // What this module calls the time is what openssl prints.
        let text = try authority.openssl(["ts", "-reply", "-in", "kept.tsr", "-text"])
        #expect(text.contains("Serial number: 0x1A2B3D"))
    }

    @Test func `a stamp that was put together by hand verifies, and its time is cut to milliseconds`() throws {
        let authority = try LocalAuthority()
        for (written, read) in [
            ("20230228235959Z", "2023-02-28T23:59:59.000Z"), ("20230228235959.5Z", "2023-02-28T23:59:59.500Z"),
            ("20230228235959.1239Z", "2023-02-28T23:59:59.123Z"),
        ] {
            let token = try TimestampToken(parsing: authority.forge(imprint, at: written, by: "signer"))
            try token.verify(imprint: imprint, trusting: authority.read("root.pem"))
            #expect(token.time.description == read)
            #expect(token.authority == "CN=signer,O=Cơ quan thử", "without tsa name it is the certificate's")
        }
    }

    @Test func `times that are none are refused`() throws {
        let authority = try LocalAuthority()
        for written in ["20230230000000Z", "20230228240000Z", "20230228235960Z", "20230228235959", "20230228235959.Z", "20230228235959+0700"] {
            let bytes = try authority.forge(imprint, at: written, by: "signer")
            #expect(throws: TimestampError.self, "\(written)") { try TimestampToken(parsing: bytes) }
        }
    }

    @Test func `a stamp on other bytes is refused`() throws {
        let authority = try LocalAuthority()
        let token = try TimestampToken(parsing: authority.stamp(imprint))
        let other = Digest(of: [1])
        #expect(throws: TimestampError.imprintDiffers(expected: other, found: imprint)) {
            try token.verify(imprint: other, trusting: authority.read("root.pem"))
        }
    }

    @Test func `a stamp on another digest than SHA-256 is refused`() throws {
        let authority = try LocalAuthority()
        let bytes = try authority.stamp(imprint, algorithm: "sha512", digest: String(repeating: "11", count: 64))
        #expect(throws: TimestampError.imprintNotSHA256(algorithm: "sha512")) { try TimestampToken(parsing: bytes) }
    }

    @Test("no stamp verifies in which any one byte was changed", arguments: ["EC", "RSA"])
    func anyByteCounts(algorithm: String) throws {
        let authority = try LocalAuthority(algorithm: algorithm)
        let roots = try authority.read("root.pem")
        let bytes = try authority.stamp(imprint)
        try TimestampToken(parsing: bytes).verify(imprint: imprint, trusting: roots)
        let seed = UInt64.random(in: 0...UInt64.max)
        print("seed of the changed bytes: \(seed)")
        var generator = SplitMix(state: seed)
        // Every place once, and once more with a single bit, which is what disks do.
        for index in bytes.indices {
            for change in [UInt8.random(in: 1...255, using: &generator), 1 << UInt8.random(in: 0..<8, using: &generator)] {
                var changed = bytes
                changed[index] ^= change
                do throws(TimestampError) {
                    let token = try TimestampToken(parsing: changed)
                    try token.verify(imprint: imprint, trusting: roots)
                    // RSA may be named with or without its digest (RFC 3370 §3.2); both names mean the same signature.
                    let isName = algorithm == "RSA" && [bytes[index], changed[index]] == [0x01, 0x0B]
                    #expect(isName, "byte \(index) was \(bytes[index]), is \(changed[index]), and verifies; seed \(seed)")
                } catch {
                    #expect(!error.description.contains("\n"))
                }
            }
        }
    }

    @Test func `a stamp that is cut anywhere, or followed by anything, is refused`() throws {
        let authority = try LocalAuthority()
        let bytes = try authority.stamp(imprint)
        for count in bytes.indices {
            #expect(throws: TimestampError.self) { try TimestampToken(parsing: Array(bytes[..<count])) }
        }
        #expect(throws: TimestampError.unreadable(reason: "1 bytes follow its end")) { try TimestampToken(parsing: bytes + [0]) }
        #expect(throws: TimestampError.tooLarge) {
            try TimestampToken(parsing: bytes + [UInt8](repeating: 0, count: TimestampToken.sizeLimit))
        }
    }

    @Test func `what says the same in other bytes is refused`() throws {
        let authority = try LocalAuthority()
        let bytes = try authority.forge(imprint, at: "20230228235959Z", by: "signer")
        _ = try TimestampToken(parsing: bytes)
        let signed = try authority.read("signed")
        let granted = DER.sequence(DER.integer(0))
        // Indefinite length, a length in more bytes than it needs, and a number in more bytes than it needs.
        let variants = [
            [0x30, 0x80] + granted + signed + [0, 0],
            [0x30, 0x83, 0] + Array((granted.count + signed.count).bigEndianPair) + granted + signed,
            DER.sequence(DER.sequence(DER.value(0x02, [0, 0])), signed),
        ]
        for variant in variants { #expect(throws: TimestampError.self) { try TimestampToken(parsing: variant) } }
    }

    @Test func `a response that was not granted is refused in the authority's words`() throws {
        let authority = try LocalAuthority()
        let rejection = DER.sequence(
            DER.sequence(DER.integer(2), DER.sequence(DER.value(0x0C, Array("hết giờ\n\u{1B}[2J".utf8))), DER.value(0x03, [5, 0x20])))
        #expect(throws: TimestampError.notGranted(status: "rejected, bad request, “hết giờ  [2J”")) {
            try TimestampToken(parsing: rejection)
        }
        let modified = try authority.forge(
            imprint, at: "20230228235959Z", by: "signer", status: DER.sequence(DER.integer(1)))
        #expect(throws: TimestampError.notGranted(status: "granted with modifications")) { try TimestampToken(parsing: modified) }
    }

    @Test func `words beside a granted status, and further certificates, are borne`() throws {
        let authority = try LocalAuthority(with: "other")
        let bytes = try authority.forge(
            imprint, at: "20230228235959Z", by: "signer", with: ["other", "root"],
            status: DER.sequence(DER.integer(0), DER.sequence(DER.value(0x0C, Array("Operation Okay".utf8)))))
        try TimestampToken(parsing: bytes).verify(imprint: imprint, trusting: authority.read("root.pem"))
    }

    @Test func `another authority's certificates, or the stamp's own, prove nothing`() throws {
        let authority = try LocalAuthority(with: "other")
        let bytes = try authority.forge(imprint, at: "20230228235959Z", by: "signer", with: ["root"])
        let token = try TimestampToken(parsing: bytes)
        try token.verify(imprint: imprint, trusting: authority.read("other.pem") + authority.read("root.pem"))
        #expect {
            try token.verify(imprint: imprint, trusting: authority.read("other.pem"))
        } throws: { error in
            guard case TimestampError.notProven(let reason) = error else { return false }
            return reason.contains("self-signed certificate in certificate chain")
        }
    }

    @Test func `a chain may pass an authority between, and end at any certificate that is trusted`() throws {
        let authority = try LocalAuthority(with: "between", "under")
        let bare = try TimestampToken(parsing: authority.forge(imprint, at: "20230228235959Z", by: "under"))
        #expect(throws: TimestampError.self) { try bare.verify(imprint: imprint, trusting: authority.read("root.pem")) }
        try bare.verify(imprint: imprint, trusting: authority.read("between.pem"))
        try bare.verify(imprint: imprint, trusting: authority.read("under.pem"))
        let whole = try TimestampToken(parsing: authority.forge(imprint, at: "20230228235959Z", by: "under", with: ["between"]))
        try whole.verify(imprint: imprint, trusting: authority.read("root.pem"))
    }

    @Test func `a signer that has expired since proves its own time and no other`() throws {
        let authority = try LocalAuthority(with: "expired")
        let roots = try authority.read("root.pem")
        let during = try TimestampToken(parsing: authority.forge(imprint, at: "20200701000000Z", by: "expired"))
        try during.verify(imprint: imprint, trusting: roots)
        for (time, cause) in [("20191231235959Z", "not yet valid"), ("20210101000001Z", "has expired")] {
            let outside = try TimestampToken(parsing: authority.forge(imprint, at: time, by: "expired"))
            #expect {
                try outside.verify(imprint: imprint, trusting: roots)
            } throws: { error in
                guard case TimestampError.notProven(let reason) = error else { return false }
                return reason.contains(cause)
            }
        }
    }

    @Test("a signer that is not made for time stamping proves nothing", arguments: ["purposeless", "web"])
    func purpose(signer: String) throws {
        let authority = try LocalAuthority(with: signer)
        let token = try TimestampToken(parsing: authority.forge(imprint, at: "20230228235959Z", by: signer))
        for trusted in ["root.pem", "\(signer).pem"] {
            #expect {
                try token.verify(imprint: imprint, trusting: authority.read(trusted))
            } throws: { error in
                guard case TimestampError.notProven(let reason) = error else { return false }
                return reason.contains("unsuitable certificate purpose") || reason.contains("unsupported certificate purpose")
            }
        }
    }

    @Test func `certificates that are none are refused, each for its cause`() throws {
        let authority = try LocalAuthority(with: "other")
        let token = try TimestampToken(parsing: authority.stamp(imprint))
        let root = try authority.read("root.pem")
        let other = try authority.read("other.pem")
        let refused: [[UInt8]] = [
            [], Array("no certificate".utf8), try authority.read("root.key"), Array(root.dropLast(100)), root + other.dropLast(100),
            [UInt8](repeating: 10, count: TimestampToken.certificatesLimit) + root,
        ]
        for certificates in refused {
            #expect {
                try token.verify(imprint: imprint, trusting: certificates)
            } throws: { error in
                if case TimestampError.badCertificates = error { true } else { false }
            }
        }
        try token.verify(imprint: imprint, trusting: Array("# roots\n".utf8) + root + root + Array("\nend\n".utf8))
    }

    @Test func `bytes at random are refused, and never crash`() {
        var generator = SplitMix(state: 20_260_101)
        for _ in 0..<2_000 {
            let bytes = (0..<Int.random(in: 0...200, using: &generator)).map { _ in UInt8.random(in: 0...255, using: &generator) }
            #expect(throws: TimestampError.self) { try TimestampToken(parsing: bytes) }
        }
    }
}

extension Int {
    /// The two lowest bytes, the higher first.
    fileprivate var bigEndianPair: [UInt8] { [UInt8(self >> 8 & 255), UInt8(self & 255)] }
}

/// Random numbers that are the same for the same seed.
struct SplitMix: RandomNumberGenerator {
    var state: UInt64

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var z = state
        z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
        z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
        return z ^ (z >> 31)
    }
}
