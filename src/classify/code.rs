//! Language codes as people and other programs write them, in the one form that is used here.
//!
//! ISO 639-1 where a language has such a code, else ISO 639-3; `zh-Hant` for Chinese in traditional characters. Regions say
//! nothing of what a buyer wants, so they go; of Chinese they tell the characters.
//!
//! May use: std. The one rule: a code that is not understood is handed on as it came.

/// The code for a language that was stated as `tag`: `eng`, `EN`, `pt-BR`, `zh_TW`, `zho-Hant`.
pub fn of(tag: &str) -> String {
    let tag = tag.trim();
    let mut parts = tag.split(['-', '_']);
    let base = parts.next().unwrap_or_default().to_ascii_lowercase();
    if !(2..=3).contains(&base.len()) || !base.bytes().all(|b| b.is_ascii_lowercase()) {
        return tag.to_owned();
    }
    let base = shortest(&base);
    if base == "zh" && is_traditional(parts) {
        return "zh-Hant".to_owned();
    }
    base.to_owned()
}

/// A script counts before a region.
fn is_traditional<'a>(subtags: impl Iterator<Item = &'a str>) -> bool {
    let mut by_region = false;
    for subtag in subtags {
        match subtag.to_ascii_lowercase().as_str() {
            "hant" => return true,
            "hans" => return false,
            "tw" | "hk" | "mo" => by_region = true,
            _ => {}
        }
    }
    by_region
}

/// Of codes with one meaning the one that is used here.
fn shortest(code: &str) -> &str {
    SHORTER
        .split_ascii_whitespace()
        .find_map(|pair| pair.split_once('=').filter(|(long, _)| *long == code))
        .map_or(code, |(_, short)| short)
}

/// ISO 639-3 → 639-1, with the bibliographic codes of 639-2, the main member of some macrolanguages, and withdrawn codes.
/// <https://iso639-3.sil.org/code_tables/639/data>
const SHORTER: &str = "
    aar=aa abk=ab afr=af aka=ak amh=am ara=ar arg=an asm=as ava=av ave=ae aym=ay aze=az bak=ba bam=bm bel=be ben=bn
    bis=bi bod=bo bos=bs bre=br bul=bg cat=ca ces=cs cha=ch che=ce chu=cu chv=cv cor=kw cos=co cre=cr cym=cy dan=da
    deu=de div=dv dzo=dz ell=el eng=en epo=eo est=et eus=eu ewe=ee fao=fo fas=fa fij=fj fin=fi fra=fr fry=fy ful=ff
    gla=gd gle=ga glg=gl glv=gv grn=gn guj=gu hat=ht hau=ha hbs=sh heb=he her=hz hin=hi hmo=ho hrv=hr hun=hu hye=hy
    ibo=ig ido=io iii=ii iku=iu ile=ie ina=ia ind=id ipk=ik isl=is ita=it jav=jv jpn=ja kal=kl kan=kn kas=ks kat=ka
    kau=kr kaz=kk khm=km kik=ki kin=rw kir=ky kom=kv kon=kg kor=ko kua=kj kur=ku lao=lo lat=la lav=lv lim=li lin=ln
    lit=lt ltz=lb lub=lu lug=lg mah=mh mal=ml mar=mr mkd=mk mlg=mg mlt=mt mon=mn mri=mi msa=ms mya=my nau=na nav=nv
    nbl=nr nde=nd ndo=ng nep=ne nld=nl nno=nn nob=nb nor=no nya=ny oci=oc oji=oj ori=or orm=om oss=os pan=pa pli=pi
    pol=pl por=pt pus=ps que=qu roh=rm ron=ro run=rn rus=ru sag=sg san=sa sin=si slk=sk slv=sl sme=se smo=sm sna=sn
    snd=sd som=so sot=st spa=es sqi=sq srd=sc srp=sr ssw=ss sun=su swa=sw swe=sv tah=ty tam=ta tat=tt tel=te tgk=tg
    tgl=tl tha=th tir=ti ton=to tsn=tn tso=ts tuk=tk tur=tr twi=tw uig=ug ukr=uk urd=ur uzb=uz ven=ve vie=vi vol=vo
    wln=wa wol=wo xho=xh yid=yi yor=yo zha=za zho=zh zul=zu
    alb=sq arm=hy baq=eu bur=my chi=zh cze=cs dut=nl fre=fr geo=ka ger=de gre=el ice=is mac=mk mao=mi may=ms per=fa
    rum=ro slo=sk tib=bo wel=cy
    arb=ar cmn=zh ekk=et lvs=lv pes=fa swh=sw zsm=ms in=id iw=he ji=yi";

#[cfg(test)]
mod tests {
    use super::of;

    #[test]
    fn a_language_has_one_code_however_it_is_written() {
        for (code, tags) in [
            (
                "en",
                &["en", "EN", "eng", "en-US", "en_GB.UTF-8", " en "][..],
            ),
            ("pt", &["pt-BR", "por", "PT_br"]),
            (
                "zh",
                &["zh", "zh-CN", "zho", "chi", "cmn", "zh-Hans-HK", "zh_SG"],
            ),
            (
                "zh-Hant",
                &[
                    "zh-TW",
                    "zh-Hant",
                    "zh_HK",
                    "zho-Hant",
                    "ZH-hant-CN",
                    "zh-MO",
                ],
            ),
            ("de", &["ger", "deu", "de-AT"]),
            ("id", &["in", "ind"]),
            ("fil", &["fil", "fil-PH"]),
            ("und", &["und"]),
        ] {
            for tag in tags {
                assert_eq!(of(tag), code, "{tag}");
            }
        }
        for tag in ["", "english", "e", "中文", "12"] {
            assert_eq!(of(tag), tag);
        }
    }
}
