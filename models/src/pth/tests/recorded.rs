//! Two files as torch 2.9 wrote them.

/// `torch.save(state, file, _use_new_zipfile_serialization=False)`, where `state` is the state dict
/// of `Linear(2, 1)` with the weight [[1.5, -2.25]] and the bias [0.125], and also
/// `t=torch.arange(6.).half().view(2, 3).t()` and `n=torch.tensor(7)`.
pub const LEGACY: &[u8] = b"\
    \x80\x02\x8a\nl\xfc\x9cF\xf9 j\xa8P\x19.\x80\x02M\xe9\x03.\x80\x02}q\0(X\x10\0\0\0protocol_versionq\x01M\xe9\x03X\
    \x0d\0\0\0little_endianq\x02\x88X\n\0\0\0type_sizesq\x03}q\x04(X\x05\0\0\0shortq\x05K\x02X\x03\0\0\0intq\x06K\x04X\
    \x04\0\0\0longq\x07K\x04uu.\x80\x02ccollections\nOrderedDict\nq\0)Rq\x01(X\x06\0\0\0weightq\x02ctorch._utils\n_reb\
    uild_tensor_v2\nq\x03((X\x07\0\0\0storageq\x04ctorch\nFloatStorage\nq\x05X\x0e\0\0\x0094377552336416q\x06X\x03\0\0\
    \0cpuq\x07K\x02Ntq\x08QK\0K\x01K\x02\x86q\x09K\x02K\x01\x86q\n\x89h\0)Rq\x0btq\x0cRq\x0dX\x04\0\0\0biasq\x0eh\x03(\
    (h\x04h\x05X\x0e\0\0\x0094377552568720q\x0fh\x07K\x01Ntq\x10QK\0K\x01\x85q\x11K\x01\x85q\x12\x89h\0)Rq\x13tq\x14Rq\
    \x15X\x01\0\0\0tq\x16h\x03((h\x04ctorch\nHalfStorage\nq\x17X\x0e\0\0\x0094377552583392q\x18h\x07K\x06Ntq\x19QK\0K\
    \x03K\x02\x86q\x1aK\x01K\x03\x86q\x1b\x89h\0)Rq\x1ctq\x1dRq\x1eX\x01\0\0\0nq\x1fh\x03((h\x04ctorch\nLongStorage\nq\
    \x20X\x0e\0\0\x0094377552568864q!h\x07K\x01Ntq\"QK\0))\x89h\0)Rq#tq$Rq%u}q&X\x09\0\0\0_metadataq'h\0)Rq(X\0\0\0\0q\
    )}q*X\x07\0\0\0versionq+K\x01sssb.\x80\x02]q\0(X\x0e\0\0\x0094377552336416q\x01X\x0e\0\0\x0094377552568720q\x02X\
    \x0e\0\0\x0094377552568864q\x03X\x0e\0\0\x0094377552583392q\x04e.\x02\0\0\0\0\0\0\0\0\0\xc0?\0\0\x10\xc0\x01\0\0\0\
    \0\0\0\0\0\0\0>\x01\0\0\0\0\0\0\0\x07\0\0\0\0\0\0\0\x06\0\0\0\0\0\0\0\0\0\0<\0@\0B\0D\0E";

/// `torch.save({"state_dict": OrderedDict(t=torch.arange(6.).bfloat16().view(2, 3).t()), "epoch":
/// 3}, file)`.
pub const ARCHIVE: &[u8] = b"\
    PK\x03\x04\0\0\x08\x08\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\n\0\x18\0a/data.pklFB\x14\0ZZZZZZZZZZZZZZZZZZZZ\x80\x02\
    }q\0(X\n\0\0\0state_dictq\x01ccollections\nOrderedDict\nq\x02)Rq\x03X\x01\0\0\0tq\x04ctorch._utils\n_rebuild_tenso\
    r_v2\nq\x05((X\x07\0\0\0storageq\x06ctorch\nBFloat16Storage\nq\x07X\x01\0\0\x000q\x08X\x03\0\0\0cpuq\x09K\x06tq\nQ\
    K\0K\x03K\x02\x86q\x0bK\x01K\x03\x86q\x0c\x89h\x02)Rq\x0dtq\x0eRq\x0fsX\x05\0\0\0epochq\x10K\x03u.PK\x07\x086\xc4\
    \x9d\xdb\xd0\0\0\0\xd0\0\0\0PK\x03\x04\0\0\x08\x08\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\x11\x001\0a/.format_version\
    FB-\0ZZZZZZZZZZZZZZZZZZZZZZZZZZZZZZZZZZZZZZZZZZZZZ1PK\x07\x08\xb7\xef\xdc\x83\x01\0\0\0\x01\0\0\0PK\x03\x04\0\0\
    \x08\x08\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\x14\0=\0a/.storage_alignmentFB9\0ZZZZZZZZZZZZZZZZZZZZZZZZZZZZZZZZZZZZ\
    ZZZZZZZZZZZZZZZZZZZZZ64PK\x07\x08?wq\xe9\x02\0\0\0\x02\0\0\0PK\x03\x04\0\0\x08\x08\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\
    \0\0\x0b\0\x05\0a/byteorderFB\x01\0ZlittlePK\x07\x08\x85=\xe3\x19\x06\0\0\0\x06\0\0\0PK\x03\x04\0\0\x08\x08\0\0\0\
    \0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\x08\0\x04\0a/data/0FB\0\0\0\0\x80?\0@@@\x80@\xa0@PK\x07\x08\xb3!\xe0:\x0c\0\0\0\x0c\
    \0\0\0PK\x03\x04\0\0\x08\x08\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\x09\0=\0a/versionFB9\0ZZZZZZZZZZZZZZZZZZZZZZZZZZZ\
    ZZZZZZZZZZZZZZZZZZZZZZZZZZZZZZ3\nPK\x07\x08\xd1\x9egU\x02\0\0\0\x02\0\0\0PK\x03\x04\0\0\x08\x08\0\0\0\0\0\0\0\0\0\
    \0\0\0\0\0\0\0\0\0\x18\x008\0a/.data/serialization_idFB4\0ZZZZZZZZZZZZZZZZZZZZZZZZZZZZZZZZZZZZZZZZZZZZZZZZZZZZ1572\
    819951185464302606815636004341187213PK\x07\x08)\xe7\xa4$(\0\0\0(\0\0\0PK\x01\x02\0\0\0\0\x08\x08\0\0\0\0\0\x006\
    \xc4\x9d\xdb\xd0\0\0\0\xd0\0\0\0\n\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0a/data.pklPK\x01\x02\0\0\0\0\x08\x08\0\0\0\0\0\
    \0\xb7\xef\xdc\x83\x01\0\0\0\x01\0\0\0\x11\0\0\0\0\0\0\0\0\0\0\0\0\0 \x01\0\0a/.format_versionPK\x01\x02\0\0\0\0\
    \x08\x08\0\0\0\0\0\0?wq\xe9\x02\0\0\0\x02\0\0\0\x14\0\0\0\0\0\0\0\0\0\0\0\0\0\x91\x01\0\0a/.storage_alignmentPK\
    \x01\x02\0\0\0\0\x08\x08\0\0\0\0\0\0\x85=\xe3\x19\x06\0\0\0\x06\0\0\0\x0b\0\0\0\0\0\0\0\0\0\0\0\0\0\x12\x02\0\0a/b\
    yteorderPK\x01\x02\0\0\0\0\x08\x08\0\0\0\0\0\0\xb3!\xe0:\x0c\0\0\0\x0c\0\0\0\x08\0\0\0\0\0\0\0\0\0\0\0\0\0V\x02\0\
    \0a/data/0PK\x01\x02\0\0\0\0\x08\x08\0\0\0\0\0\0\xd1\x9egU\x02\0\0\0\x02\0\0\0\x09\0\0\0\0\0\0\0\0\0\0\0\0\0\x9c\
    \x02\0\0a/versionPK\x01\x02\0\0\0\0\x08\x08\0\0\0\0\0\0)\xe7\xa4$(\0\0\0(\0\0\0\x18\0\0\0\0\0\0\0\0\0\0\0\0\0\x12\
    \x03\0\0a/.data/serialization_idPK\x06\x06,\0\0\0\0\0\0\0\x1e\x03-\0\0\0\0\0\0\0\0\0\x07\0\0\0\0\0\0\0\x07\0\0\0\0\
    \0\0\0\xa5\x01\0\0\0\0\0\0\xb8\x03\0\0\0\0\0\0PK\x06\x07\0\0\0\0]\x05\0\0\0\0\0\0\x01\0\0\0PK\x05\x06\0\0\0\0\x07\
    \0\x07\0\xa5\x01\0\0\xb8\x03\0\0\0\0";

/// Length of its pickle.
pub const PICKLE_LENGTH: usize = 208;
