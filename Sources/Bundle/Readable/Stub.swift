internal import Ledger
enum ReadablePage { static func html(_ d: JSON, accessLines: [JSON]) -> [UInt8] { Array("<html></html>\n".utf8) } }
enum ResearchObjectCrate { static func metadata(_ d: JSON, files: [(name: String, size: Int64, mediaType: String?)]) -> [UInt8] { Array("{}\n".utf8) } }
enum VerificationInstructions { static func markdown(_ d: JSON, hasStamp: Bool) -> [UInt8] { Array("#\n".utf8) } }
