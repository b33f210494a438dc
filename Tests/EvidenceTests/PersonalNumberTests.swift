import Evidence
import Testing

@Suite("Personal numbers")
struct PersonalNumberTests {
    static let key = [UInt8](0..<32)

    @Test("twelve digits are a personal number, with or without spaces", arguments: ["001080000123", "001 080 000 123", " 0 0 1080000123 "])
    func reads(text: String) throws {
        let trace = try #require(PersonalNumber(text)).trace(key: Self.key)
        // HMAC-SHA-256 of "001080000123" under the bytes 0 to 31, computed by Python's hmac.
        #expect(trace.mac.hex == "19c4d84a1de417982e7baa0e256592a9883ffa9c7170b5669ab9bb1572a30c01")
        #expect(trace.ending == "123")
    }

    @Test(
        "what has not twelve digits is none",
        arguments: [
            "", " ", "00108000012", "0010800001234", "001080000 12", "00108000012a", "-01080000123", "001.080.000.123", "001-080-000-123",
            "٠٠١٠٨٠٠٠٠١٢٣", "００１０８００００１２３", "001080000123\n", "001080000\t123", "00108000012\u{301}",
        ])
    func refuses(text: String) { #expect(PersonalNumber(text) == nil) }

    @Test func `another key or another number is another mac, and tells nothing of the number`() throws {
        let number = try #require(PersonalNumber("001080000123"))
        var keys = [Self.key]
        for place in 0..<32 {
            var key = Self.key
            key[place] ^= 1
            keys.append(key)
        }
        let macs = Set(keys.map { number.trace(key: $0).mac })
        #expect(macs.count == 33)
        let other = try #require(PersonalNumber("101080000123")).trace(key: Self.key)
        #expect(other.mac != number.trace(key: Self.key).mac && other.ending == "123")
        #expect(number.trace(key: Self.key) == number.trace(key: Self.key))
    }

    @Test func `a key is known again by what tells nothing of it`() {
        // HMAC-SHA-256 of "key" under the bytes 0 to 31, the first 16 bytes, computed by Python's hmac.
        #expect(PersonalNumber.fingerprint(of: Self.key) == "bb9f1869faef6b85a00e8fa35aa6fd77")
        var other = Self.key
        other[31] ^= 1
        #expect(PersonalNumber.fingerprint(of: other) != PersonalNumber.fingerprint(of: Self.key))
    }
}
