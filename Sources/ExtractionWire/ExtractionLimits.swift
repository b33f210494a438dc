/// What the reading of one document may cost, and how much of it is kept.
public struct ExtractionLimits: Sendable, Equatable {
    /// Processor time, in seconds. Passing it fails the document.
    public var cpuSeconds: Int
    /// Time on the clock, in seconds, that one attempt may take. Passing it fails the document.
    public var wallSeconds: Int
    /// Address space of the reading process, in bytes, its libraries and the mapped document (up to 256 MiB) included. Passing
    /// it fails the document. With 1 GiB a damaged PDF of 82 bytes has a table of 600 MB made for it, which takes half a second.
    public var addressSpace: Int
    /// Pages whose text is kept. Passing it leaves the text incomplete.
    public var pages: Int
    /// Bytes of UTF-8 kept of one page. Passing it leaves the text incomplete.
    public var pageText: Int
    /// Bytes of UTF-8 kept of one document. Passing it leaves the text incomplete.
    public var totalText: Int

    public init(
        cpuSeconds: Int = 10, wallSeconds: Int = 15, addressSpace: Int = 640 << 20, pages: Int = 2_000,
        pageText: Int = 4 << 20, totalText: Int = 32 << 20
    ) {
        self.cpuSeconds = cpuSeconds
        self.wallSeconds = wallSeconds
        self.addressSpace = addressSpace
        self.pages = pages
        self.pageText = pageText
        self.totalText = totalText
    }

    public var reader: ReaderLimits {
        ReaderLimits(cpuSeconds: cpuSeconds, wallSeconds: wallSeconds, addressSpace: addressSpace)
    }
}

/// A limit that ends the text before the document does.
public enum TextLimit: UInt8, Sendable, CaseIterable {
    case pages = 1
    case pageText = 2
    case totalText = 3
}
