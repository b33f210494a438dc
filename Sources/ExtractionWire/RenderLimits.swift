/// What one reading process may cost, whatever it does.
public struct ReaderLimits: Sendable, Equatable {
    /// Processor time, in seconds.
    public var cpuSeconds: Int
    /// Time on the clock, in seconds, that one attempt may take.
    public var wallSeconds: Int
    /// Address space, in bytes, its libraries and the mapped document included.
    public var addressSpace: Int
}

/// What the making of one page image may cost, and how large it may be. Passing any of them fails the image.
public struct RenderLimits: Sendable, Equatable {
    /// The largest raster that may be asked for, and its longest side.
    public static let rasterPixelsAtMost = 40_000_000
    public static let rasterSideAtMost = 32_767

    /// Processor time, in seconds.
    public var cpuSeconds: Int
    /// Time on the clock, in seconds, that one attempt may take.
    public var wallSeconds: Int
    /// Address space of the reading process, in bytes: a progressive JPEG of 48 million pixels needs some 150 MiB of it.
    public var addressSpace: Int
    /// Pixels that an image may have by its header, which is looked at before anything is decoded.
    public var sourcePixels: Int
    /// Bytes of the PNG.
    public var imageSize: Int

    public init(
        cpuSeconds: Int = 10, wallSeconds: Int = 20, addressSpace: Int = 1 << 30, sourcePixels: Int = 100_000_000,
        imageSize: Int = 16 << 20
    ) {
        self.cpuSeconds = cpuSeconds
        self.wallSeconds = wallSeconds
        self.addressSpace = addressSpace
        self.sourcePixels = sourcePixels
        self.imageSize = imageSize
    }

    public var reader: ReaderLimits {
        ReaderLimits(cpuSeconds: cpuSeconds, wallSeconds: wallSeconds, addressSpace: addressSpace)
    }
}

/// Which page to show, and how large: a page of a PDF fills the width or the height; an image is made smaller where it does not fit.
public struct PageRequest: Sendable, Equatable {
    /// From 1.
    public let page: Int
    /// Pixels.
    public let width: Int
    public let height: Int
    public let limits: RenderLimits

    /// - returns: `nil` for a page before the first, no pixels, or more of them than may be asked for.
    public init?(page: Int, width: Int, height: Int, limits: RenderLimits = .init()) {
        let sides = 1...RenderLimits.rasterSideAtMost
        guard (1...Frame.pageCountAtMost).contains(page), sides.contains(width), sides.contains(height),
            width * height <= RenderLimits.rasterPixelsAtMost
        else { return nil }
        self.page = page
        self.width = width
        self.height = height
        self.limits = limits
    }
}

/// Why a reader shows nothing of a page that is there.
public enum RenderRefusal: UInt8, Sendable, CaseIterable {
    /// A password is needed.
    case encrypted = 1
    case damaged = 2
    /// Its header says more pixels than ``RenderLimits/sourcePixels``.
    case tooManyPixels = 3
    /// The PNG would pass ``RenderLimits/imageSize``.
    case tooLong = 4
    /// No font is installed: nothing is wrong with the document, and it is not to be shown with words missing.
    case noFonts = 5
}
