import Foundation

/// What a server asks of the user before it makes an account. All texts are the server's, cleaned of characters that could
/// steer a screen. Printing one shows none of them.
public struct Question: Equatable, Sendable, Identifiable, Discreet {
    /// A question's name: ``Creation/answer(_:_:)`` takes it.
    public struct ID: Hashable, Sendable {
        public let rawValue: UInt64

        public init(rawValue: UInt64) {
            self.rawValue = rawValue
        }
    }

    /// Its name.
    public let id: ID
    /// The burner that is to be.
    public let burner: BurnerID
    /// The server that asks.
    public let server: JID
    /// What it asks.
    public let form: QuestionForm

    public init(id: ID, burner: BurnerID, server: JID, form: QuestionForm) {
        self.id = id
        self.burner = burner
        self.server = server
        self.form = form
    }

    public var description: String { "Question(\(id.rawValue), fields: \(form.fields.count), ..)" }
}

/// What the user has to answer. Printing one shows no text.
public struct QuestionForm: Equatable, Sendable, Discreet {
    /// The form's title; it may be empty.
    public let title: String
    /// What the server says about the form, in lines; it may be empty.
    public let instructions: String
    /// What is asked, in the server's order.
    public let fields: [Field]
    /// How many of the fields that are not required have to be answered: they are challenges of which one is as good as
    /// another.
    public let choose: Int

    public init(title: String, instructions: String, fields: [Field], choose: Int = 0) {
        self.title = title
        self.instructions = instructions
        self.fields = fields
        self.choose = choose
    }
}

/// One thing that is asked. Printing one shows no text.
public struct Field: Equatable, Sendable, Discreet {
    /// What it is about, in one line.
    public let label: String
    /// What can be answered.
    public let kind: FieldKind
    /// It has to be answered.
    public let required: Bool
    /// It is there to tell people from programs (XEP-0158). Its label may be in a language that the user does not read.
    public let isChallenge: Bool
    /// What the server suggests.
    public let preset: FieldAnswer?
    /// A picture to look at.
    public let picture: Picture?

    public init(
        label: String, kind: FieldKind, required: Bool, isChallenge: Bool = false, preset: FieldAnswer? = nil,
        picture: Picture? = nil
    ) {
        self.label = label
        self.kind = kind
        self.required = required
        self.isChallenge = isChallenge
        self.preset = preset
        self.picture = picture
    }
}

/// What an answer can be (XEP-0004, section 3.3). Printing one shows no option.
public enum FieldKind: Equatable, Sendable, Discreet {
    /// One line.
    case text
    /// One line that is not shown while it is typed.
    case secret
    /// Several lines.
    case lines
    /// Yes or no.
    case yesNo
    /// One of these.
    case one(options: [String])
    /// Some of these.
    case some(options: [String])
    /// An XMPP address.
    case address
    /// XMPP addresses, one in a line.
    case addresses

    public var description: String {
        switch self {
        case .text: "text"
        case .secret: "secret"
        case .lines: "lines"
        case .yesNo: "yesNo"
        case .one: "one(..)"
        case .some: "some(..)"
        case .address: "address"
        case .addresses: "addresses"
        }
    }
}

/// What the user does about a question. Printing it shows nothing that was typed.
public enum Answer: Equatable, Sendable, Discreet {
    /// Answers by the places of their fields, of which the first is 0.
    case fields([Int: FieldAnswer])
    /// Has the server ask anew, with another picture: this question ends, and another one follows.
    case anotherPicture
    /// Does not answer: the server is given up. A creation that may choose its server goes on elsewhere, another one ends with
    /// ``FlashpaperError/declined``.
    case giveUp

    public var description: String {
        switch self {
        case .fields: "fields(..)"
        case .anotherPicture: "anotherPicture"
        case .giveUp: "giveUp"
        }
    }
}

/// What the user answers to one field. Printing one does not show it.
public enum FieldAnswer: Equatable, Sendable, Discreet {
    /// Of all kinds that are written.
    case text(String)
    /// Of ``FieldKind/yesNo``.
    case yesNo(Bool)
    /// Which of the options, by their places; the first is 0.
    case chosen([Int])
}

/// A picture to be looked at by the user. Printing one does not show it.
public struct Picture: Equatable, Sendable, Discreet {
    /// The file.
    public let bytes: Data
    /// Its format, by its first bytes.
    public let format: PictureFormat
    /// Pixels, at most 2048.
    public let width: Int
    /// Pixels, at most 2048.
    public let height: Int

    public init(bytes: Data, format: PictureFormat, width: Int, height: Int) {
        self.bytes = bytes
        self.format = format
        self.width = width
        self.height = height
    }
}

/// What a picture can be.
public enum PictureFormat: Equatable, Sendable {
    /// PNG.
    case png
    /// JPEG.
    case jpeg

    /// Its media type, as HTTP names it.
    public var mediaType: String {
        switch self {
        case .png: "image/png"
        case .jpeg: "image/jpeg"
        }
    }
}

/// Why a question is not open any more.
public enum QuestionEnd: Equatable, Sendable {
    /// It was answered.
    case answered
    /// Another picture was asked for: another question follows.
    case replaced
    /// It was declined.
    case declined
    /// The server does not wait any more, or the creation has ended.
    case expired
    /// The library fell asleep: another question follows as it is resumed, unless it is locked meanwhile.
    case suspended
}
